package outerctx

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
)

func inside(ctx context.Context) error {
	return anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error {
		short, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		return own(short)
	})
}
