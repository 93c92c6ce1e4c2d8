// Package droppederr has blocking calls whose errors nobody looks at.
package droppederr

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/stream"
)

func bad(ctx context.Context, s stream.ByteStream, recv *stream.MemoryReceiveStream[int], e *anyio.Event) {
	anyio.Sleep(ctx, time.Second)                                       // want `droppederr: the error of Sleep is dropped`
	anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error { // want `droppederr: the error of FailAfter`
		return s.Send(ctx, nil)
	})
	e.Wait(ctx)                                                                 // want `droppederr: the error of Wait`
	s.Send(ctx, nil)                                                            // want `droppederr: the error of Send`
	anyio.Map(ctx, []int{1}, 0, func(ctx context.Context, n int) (int, error) { // want `droppederr: the error of Map`
		return n, nil
	})
	for item := range recv.All(ctx) { // want `droppederr: the error of the sequence is dropped`
		fmt.Println(item)
	}
	for item, _ := range recv.All(ctx) { // want `droppederr: the error of the sequence`
		fmt.Println(item)
	}
}

func good(ctx context.Context, s stream.ByteStream, recv *stream.MemoryReceiveStream[int], tg *anyio.TaskGroup, e *anyio.Event) error {
	defer s.Close(ctx)
	recv.Close(ctx)
	anyio.CloseForcefully(ctx, s)
	tg.Go(e.Wait)
	e.Set()
	tg.Cancel("done")
	_ = anyio.Sleep(ctx, time.Second)
	var sent error
	anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error {
		sent = s.Send(ctx, nil)
		return sent
	})
	if sent != nil {
		return sent
	}
	anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
		scope.Cancel("enough")
		fmt.Println(s.Send(ctx, nil))
		return nil
	})
	asyncio.WithTimeout(ctx, time.Second, func(ctx context.Context, _ *asyncio.Deadline) error {
		sent = s.Send(ctx, nil)
		return sent
	})
	for item, err := range recv.All(ctx) {
		if err != nil {
			return err
		}
		fmt.Println(item)
	}
	for _, err := range recv.All(ctx) {
		if err != nil {
			return err
		}
	}
	return anyio.Sleep(ctx, time.Second)
}
