package busywait

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
)

// more is what the rule tells from its like.
func more(ctx context.Context, mu *anyio.Lock) error {
	for mu.Locked() { // want `busywait: .*`
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	for tries := 0; tries < 3; tries++ {
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
	}
	return nil
}
