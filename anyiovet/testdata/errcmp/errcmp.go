// Package errcmp has errors that are compared.
package errcmp

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func bad(ctx context.Context, s stream.ByteStream) error {
	err := s.Send(ctx, nil)
	if err == anyio.ErrBroken { // want `errcmp: an error is compared by == with anyio.ErrBroken: use errors.Is`
		return nil
	}
	if anyio.ErrCanceled != err { // want `errcmp: an error is compared by != with anyio.ErrCanceled`
		return err
	}
	if err == context.Canceled || err == context.DeadlineExceeded { // want `errcmp: .*context.Canceled` `errcmp: .*context.DeadlineExceeded`
		return nil
	}
	switch err {
	case nil:
	case anyio.ErrTimeout: // want `errcmp: an error is compared with anyio.ErrTimeout by a switch`
		return nil
	}
	return nil
}

func groups(ctx context.Context, read func(ctx context.Context) error) bool {
	err := anyio.Join(ctx, read, read)
	return err == io.EOF || // want `errcmp: .*io.EOF`
		err == anyio.ErrClosed // want `errcmp: .*anyio.ErrClosed`
}

type failure struct{}

func (failure) Error() string { return "failure" }

func (failure) Is(target error) bool { return target == anyio.ErrBroken }

func good(ctx context.Context, s stream.ByteStream, r io.Reader, read func(ctx context.Context) error) error {
	_, err := s.Receive(ctx, nil)
	if err == anyio.ErrEndOfStream || err == io.EOF {
		return nil // the same, and never wrapped
	}
	if err := anyio.FailAfter(ctx, time.Second, read); err == io.ErrNoProgress {
		return err // as read has returned it
	}
	if err := ctx.Err(); err == context.Canceled {
		return err // exactly that, as package context promises
	}
	if _, err := r.Read(nil); err == os.ErrClosed {
		return err
	}
	return err
}
