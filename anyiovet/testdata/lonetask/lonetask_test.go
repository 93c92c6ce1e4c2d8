package lonetask

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
)

func TestGroup(t *testing.T) {
	err := anyio.WithTaskGroup(context.Background(), func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(work)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
