package swallow

import (
	"context"

	"github.com/anyio-go/anyio"
)

// more is what the rule tells from its like.
func more(ctx context.Context, e *anyio.Event) error {
	for {
		if err := e.Wait(ctx); err != nil {
			continue
		} else {
			break
		}
	}
	wait := func() error {
		err := e.Wait(ctx)
		if anyio.IsCancellation(err) {
			return nil // its caller may ask ctx
		}
		return err
	}
	if err := wait(); err != nil {
		return err
	}
	after := context.WithoutCancel(ctx)
	err := e.Wait(after)
	if anyio.IsCancellation(err) {
		return nil
	}
	for {
		if err := e.Wait(context.Background()); err != nil {
			continue // nobody cancels that
		}
	}
}
