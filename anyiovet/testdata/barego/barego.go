// Package barego has go statements in bodies and tasks.
package barego

import (
	"context"
	"net/http"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func work(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) }

func bad(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		go work(ctx) // want `barego: a goroutine with the context of the body of WithTaskGroup`
		tg.Go(func(ctx context.Context) error {
			go func() { // want `barego: a goroutine with the context of the task`
				if err := work(ctx); err != nil {
					println(err.Error())
				}
			}()
			return nil
		})
		go func() { // want `barego: .*`
			tg.Go(work)
		}()
		return anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error {
			if ctx.Err() == nil {
				go work(ctx) // want `barego: .*body of FailAfter`
			}
			return nil
		})
	})
}

// good are goroutines that have nothing of the group.
func good(ctx context.Context, server *http.Server, l *stream.PipeListener) error {
	go work(ctx) // in no body
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		go server.Serve(stream.NetListener(ctx, l))
		lines := make(chan string)
		go func() { lines <- "from a thread of a library" }()
		go func(tg *anyio.TaskGroup) {
			tg.Cancel("of another group")
		}(nil)
		start := func() { go work(context.Background()) }
		start()
		tg.Go(work)
		return nil
	})
}
