package stream_test

import (
	"context"
	"os"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func TestMemoryOperationsDoNotAllocate(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		t.Run(on.Name(), func(t *testing.T) {
			err := anyio.Run(context.Background(), func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					buffered, out := stream.Memory[int](8)
					n := testing.AllocsPerRun(1000, func() {
						testkit.WantErr(t, buffered.Send(ctx, 1), nil)
						if _, err := out.Receive(ctx); err != nil {
							t.Error(err)
						}
					})
					if n != 0 {
						t.Errorf("buffered: %v allocations an item", n)
					}
					there, in := stream.Memory[int](0)
					back, answers := stream.Memory[int](0)
					tg.Go(func(ctx context.Context) error {
						for v, err := range in.All(ctx) {
							if err != nil {
								return err
							}
							if err := back.Send(ctx, v); err != nil {
								return err
							}
						}
						return nil
					})
					n = testing.AllocsPerRun(1000, func() {
						testkit.WantErr(t, there.Send(ctx, 1), nil)
						if _, err := answers.Receive(ctx); err != nil {
							t.Error(err)
						}
					})
					if n != 0 {
						t.Errorf("ping-pong: %v allocations a round", n)
					}
					return there.Close(ctx)
				})
			}, anyio.On(on))
			if err != nil {
				t.Error(err)
			}
		})
	}
}

// On the parallel backend a call is made in place. (On a loop it needs a goroutine.)
func TestFileStreamsDoNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector has sync.Pool forget what it has")
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		in, out := stream.NewFileReadStream(r), stream.NewFileWriteStream(w)
		defer in.Close(ctx)
		defer out.Close(ctx)
		buf := make([]byte, 10)
		n := testing.AllocsPerRun(200, func() {
			testkit.WantErr(t, out.Send(ctx, buf), nil)
			if n, err := in.Receive(ctx, buf); n != len(buf) || err != nil {
				t.Errorf("received %d, %v", n, err)
			}
		})
		if n != 0 {
			t.Errorf("%v allocations a round", n)
		}
		return nil
	}, anyio.On(anyio.Parallel()))
	testkit.WantErr(t, err, nil)
}
