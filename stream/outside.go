package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/offload"
)

// outsideError is an error of something outside as a stream's error.
func outsideError(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, os.ErrClosed), errors.Is(err, net.ErrClosed):
		return anyio.ErrClosed
	}
	return &anyio.BrokenError{Cause: err}
}

// ofCall is the error of a call that offload has made.
func ofCall(err error, action string) error {
	switch err {
	case net.ErrClosed:
		return anyio.ErrClosed
	case offload.ErrBusy:
		return &anyio.BusyError{Action: action}
	}
	return err
}

// closeOutside calls a Close that may block, not minding cancellation, and without
// holding up other tasks.
func closeOutside(ctx context.Context, c io.Closer) error {
	err := anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		_, err := anyio.RunBlockingValue(ctx, func() (struct{}, error) { return struct{}{}, c.Close() })
		return err
	})
	if err = outsideError(err); errors.Is(err, anyio.ErrClosed) {
		return nil // somebody else was faster
	}
	return err
}
