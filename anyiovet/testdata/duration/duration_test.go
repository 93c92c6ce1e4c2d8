package duration

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
)

func TestMoments(t *testing.T) {
	ctx := context.Background()
	_ = anyio.Sleep(ctx, 5)
	_ = anyio.Sleep(ctx, 1<<62)
	_, _ = anyio.Select(ctx, anyio.OnTimer(5))
	_ = anyio.FailAfter(ctx, 5, anyio.SleepForever) // want `duration: 5 without a unit`
}
