package stream

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
)

// A closingContext closes a stream for whose call it is asked.
type closingContext struct {
	context.Context
	s *fileStream
}

func (c closingContext) Value(key any) any {
	if c.s.p != nil { // the call has begun, and Close is not to hear of it
		c.s.closed.Store(true)
		c.s.decide()
	}
	return c.Context.Value(key)
}

// A call is not made of which Close has not heard, as Close would not end it.
func TestFileCallThatCloseHasNotHeardOfIsNotMade(t *testing.T) {
	made := false
	s := &fileStream{rw: func() (int, error) { made = true; return 0, nil }}
	n, err := s.do(closingContext{t.Context(), s}, make([]byte, 1))
	if n != 0 || err != anyio.ErrClosed || made {
		t.Errorf("%d, %v; made: %t", n, err, made)
	}
	if s.calling || s.guard.Acquire() != nil {
		t.Error("the call goes on")
	}
}
