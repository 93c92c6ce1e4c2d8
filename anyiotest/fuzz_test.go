package anyiotest_test

import (
	"context"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A fuzz target simulates: the fuzzer chooses the schedule by its seed, together
// with the input, and what fails is repeated by the same two.
func FuzzPipelineKeepsItsItems(f *testing.F) {
	f.Add(uint64(1), uint8(0), []byte("anyio"))
	f.Add(uint64(2), uint8(3), []byte(""))
	f.Fuzz(func(t *testing.T, seed uint64, buffer uint8, items []byte) {
		var got []byte
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			send, recv := stream.Memory[byte](int(buffer))
			defer recv.Close(ctx)
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					defer send.Close(ctx)
					for _, b := range items {
						if err := send.Send(ctx, b); err != nil {
							return err
						}
					}
					return nil
				})
				for b, err := range recv.All(ctx) {
					if err != nil {
						return err
					}
					got = append(got, b)
				}
				return nil
			})
		}, anyio.On(sim.New(sim.Config{Seed: seed})))
		if err != nil || !slices.Equal(got, items) {
			t.Errorf("received %q, sent %q, %v", got, items, err)
		}
	})
}
