package timeoutparam

import (
	"context"
	"time"
)

func Helper(ctx context.Context, timeout time.Duration) error { return fetch(ctx, timeout) }
