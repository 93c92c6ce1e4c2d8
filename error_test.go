package anyio_test

import (
	"errors"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func TestErrorsOfResourcesMatchTheirKindAndTheirCause(t *testing.T) {
	broken := error(&anyio.BrokenError{Cause: syscall.ECONNRESET})
	failed := error(&stream.ConnectError{Target: "db:1", Cause: syscall.ECONNREFUSED})
	for _, c := range []struct {
		err, is error
		text    string
	}{
		{broken, anyio.ErrBroken, "anyio: broken resource: " + syscall.ECONNRESET.Error()},
		{broken, syscall.ECONNRESET, broken.Error()},
		{failed, stream.ErrConnect, "anyio: error connecting to db:1: " + syscall.ECONNREFUSED.Error()},
		{failed, syscall.ECONNREFUSED, failed.Error()},
	} {
		if !errors.Is(c.err, c.is) || c.err.Error() != c.text {
			t.Errorf("%v is not %v with text %q", c.err, c.is, c.text)
		}
	}
}
