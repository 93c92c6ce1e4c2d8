package tracetest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// hostile is the name of a task that would be a program of the page if it were not escaped.
const hostile = `</script><script>window.pwned = 1</script><img src=x onerror="window.pwned = 1"> & "quoted" {{.}}`

// page runs a program and returns the address of its page.
func page(t *testing.T, cfg sim.Config, main func(ctx context.Context, tg *anyio.TaskGroup) error) (address string) {
	t.Helper()
	cfg.Trace = &sim.Trace{}
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, main)
	}, anyio.On(sim.New(cfg)), anyio.MainName("main"))
	t.Logf("the run ended with %.100v", err)
	path := filepath.Join(t.ArtifactDir(), "trace.html")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Trace.WriteHTML(f, t.Name()+" "+hostile); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	return "file://" + path
}

// few is a program of ten tasks on two hosts, with a partition, that ends in a deadlock.
func few(ctx context.Context, tg *anyio.TaskGroup) error {
	var up anyio.Event
	tg.Go(func(ctx context.Context) error {
		return sim.RunOnHost(ctx, "server", func(ctx context.Context) error { return serve(ctx, &up) })
	}, anyio.Name("serve"))
	var left, right anyio.Lock
	for i := range 4 {
		first, second := &left, &right
		if i == 3 {
			first, second = second, first
		}
		tg.Go(func(ctx context.Context) error {
			return sim.RunOnHost(ctx, "client", func(ctx context.Context) error {
				if err := up.Wait(ctx); err != nil {
					return err
				}
				return talk(ctx, i, first, second)
			})
		}, anyio.Name(fmt.Sprint("client ", i)))
	}
	tg.Go(func(ctx context.Context) error {
		if err := anyio.Sleep(ctx, 20*time.Millisecond); err != nil {
			return err
		}
		sim.NetworkOf(ctx).Partition("client", "server")
		if err := anyio.Sleep(ctx, 300*time.Millisecond); err != nil {
			return err
		}
		sim.NetworkOf(ctx).Heal("client", "server")
		return nil
	}, anyio.Name("chaos"))
	tg.Go(anyio.SleepForever, anyio.Name(hostile))
	return nil
}

// serve sends back what comes.
func serve(ctx context.Context, up *anyio.Event) error {
	l, err := socket.ListenTCP(ctx, "", 80)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close(ctx) }()
	up.Set()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		return l.Serve(ctx, tg, func(ctx context.Context, conn *socket.Stream) error {
			defer func() { _ = conn.Close(ctx) }()
			buf := make([]byte, 1000)
			for {
				n, err := conn.Receive(ctx, buf)
				if err != nil {
					return nil
				}
				if err := conn.Send(ctx, buf[:n]); err != nil {
					return err
				}
			}
		})
	})
}

// talk asks the server, between two locks.
func talk(ctx context.Context, i int, first, second *anyio.Lock) error {
	conn, err := socket.DialTCP(ctx, "server", 80)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	for {
		if err := anyio.Sleep(ctx, time.Duration(10+7*i)*time.Millisecond); err != nil {
			return err
		}
		if err := conn.Send(ctx, make([]byte, 500)); err != nil {
			return err
		}
		if _, err := conn.Receive(ctx, make([]byte, 1000)); err != nil {
			return err
		}
		err := first.Do(ctx, func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
			return second.Do(ctx, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) })
		})
		if err != nil {
			return err
		}
	}
}

// many is a program of a thousand tasks that make 100,000 steps.
func many(ctx context.Context, tg *anyio.TaskGroup) error {
	send, receive := stream.Memory[int](0)
	defer func() { _, _ = send.Close(ctx), receive.Close(ctx) }()
	for i := range 1000 {
		tg.Go(func(ctx context.Context) error {
			for k := range 25 {
				if err := anyio.Sleep(ctx, time.Duration(1+(7*i+k)%13)*time.Millisecond); err != nil {
					return err
				}
				if err := send.Send(ctx, i); err != nil {
					return err
				}
			}
			return nil
		}, anyio.Name(fmt.Sprint("worker ", i)))
	}
	for range 25_000 {
		if _, err := receive.Receive(ctx); err != nil {
			return err
		}
	}
	return nil
}
