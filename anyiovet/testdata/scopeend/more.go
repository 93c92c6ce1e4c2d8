package scopeend

import (
	"context"

	"github.com/anyio-go/anyio"
)

func kept(ctx context.Context) func(err error) error {
	_, scope := anyio.OpenCancelScope(ctx)
	end := scope.End
	return end
}
