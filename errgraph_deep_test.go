package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/signals"
)

// A counted is a wrapper that knows how often it was looked into.
type counted struct {
	err  error
	asks *int
}

func (c *counted) Error() string { return "counted: " + c.err.Error() }
func (c *counted) Unwrap() error { *c.asks++; return c.err }

// What is nested a thousand times is looked at a few times each, and told in a text that
// somebody can read: from the top, and what is at the bottom.
func TestErrorsThatAreDeepCostWhatIsInThem(t *testing.T) {
	registerStatus() // whose function looks into all that an error wraps
	const levels = 1000
	for name, hold := range errorsThatHold() {
		asks := 0
		var err error = testkit.ErrBoom
		for range levels {
			err = &counted{hold(err), &asks}
		}
		cheap := func(what string, each int, f func()) {
			asks = 0
			if f(); asks > each*levels {
				t.Errorf("%s: %d looks into %d errors for %s", name, asks, levels, what)
			}
		}
		own := name == "RemoteError" || name == "task was canceled" // which do not tell what they hold
		cheap("errors.Is", 10, func() {
			if errors.Is(err, io.EOF) {
				t.Errorf("%s: matches what is not there", name)
			}
		})
		cheap("errors.As", 10, func() {
			if errors.As(err, new(*signals.Error)) {
				t.Errorf("%s: is what is not there", name)
			}
		})
		// The registered function is asked about 100 of them.
		cheap("IsCancellation", 300, func() { anyio.IsCancellation(err) })
		cheap("the end of a scope", 300, func() {
			_ = anyio.WithCancelScope(context.Background(), func(_ context.Context, s *anyio.CancelScope) error {
				s.Cancel("")
				return err
			})
		})
		for _, format := range []string{"%v", "%+v"} {
			cheap(format, 300, func() {
				text := fmt.Sprintf(format, err)
				if bottom := testkit.ErrBoom.Error(); !own && (len(text) > 1<<18 || !strings.Contains(text, bottom)) {
					t.Errorf("%s: %s has %d bytes, want a few, with %q", name, format, len(text), bottom)
				}
			})
		}
	}
}

// What was seen to end may come to contain itself afterwards.
func TestErrorsThatBecomeCyclicWhenTheyWereLookedAtEnd(t *testing.T) {
	for name, hold := range errorsThatHold() {
		last := &link{testkit.ErrBoom}
		var err error = last
		for range 300 {
			err = &link{hold(err)}
		}
		if errors.Is(err, io.EOF) {
			t.Errorf("%s: matches what is not there", name)
		}
		last.err = err.(*link).err
		if errors.Is(last.err, io.EOF) || last.err.Error() == "" && name != "RemoteError" {
			t.Errorf("%s: matches what is not there, or has no text", name)
		}
	}
}
