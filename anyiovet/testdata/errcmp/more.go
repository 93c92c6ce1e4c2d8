package errcmp

import (
	"context"
	stderrors "errors"
	"io"
	"time"

	"github.com/anyio-go/anyio"
)

// more is what the rule tells from its like.
func more(ctx context.Context, read func(ctx context.Context) error, fill func(err *error), other []error) bool {
	err := read(ctx)
	if err == nil {
		err = anyio.Join(ctx, read, read)
	}
	filled := anyio.Join(ctx, read, read)
	fill(&filled)
	scoped := anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error { return context.Canceled })
	ranged := anyio.Join(ctx, read, read)
	for _, ranged = range other {
		println(stderrors.Unwrap(ranged))
	}
	return err == io.EOF || filled == io.EOF || scoped == context.Canceled || ranged == io.EOF || anyio.ErrBroken == io.EOF
}

func renamed(err error) bool { return err == anyio.ErrBroken } // want `errcmp: .*anyio.ErrBroken`

func hidden(err error, stderrors []error) bool { return err == anyio.ErrBroken } // want `errcmp: .*anyio.ErrBroken`
