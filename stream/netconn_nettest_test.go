package stream_test

import (
	"context"
	"errors"
	"net"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
	"golang.org/x/net/nettest"
)

// outside runs f on the test's goroutine while a run goes on on another one. f gets
// the context of its main task and starts tasks with spawn.
func outside(t *testing.T, on anyio.Backend, f func(ctx context.Context, spawn func(func(context.Context) error))) {
	t.Helper()
	type access struct {
		ctx context.Context
		tg  *anyio.TaskGroup
	}
	begun, ended := make(chan access, 1), make(chan error, 1)
	var over anyio.Event
	go func() {
		ended <- anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				begun <- access{ctx, tg}
				return over.Wait(ctx)
			})
		}, anyio.On(on))
	}()
	defer func() {
		over.Set()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	a := <-begun
	f(a.ctx, func(task func(context.Context) error) { a.tg.Go(task) })
}

// relay sends to one stream what it receives from another one, until its end.
func relay(from, to stream.ByteStream) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		buf := make([]byte, 1000)
		for {
			n, err := from.Receive(ctx, buf)
			if err != nil {
				return errors.Join(to.Close(ctx), from.Close(ctx))
			}
			if err := to.Send(ctx, buf[:n]); err != nil {
				return errors.Join(to.Close(ctx), from.Close(ctx))
			}
		}
	}
}

// The simulator has no part in these tests: they use goroutines and real time.
func TestNetConnKeepsThePromisesOfPackageNet(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		for _, c := range []struct {
			name string
			make func(ctx context.Context, spawn func(func(context.Context) error)) (a, b stream.ByteStream)
		}{
			{"unbuffered", func(context.Context, func(func(context.Context) error)) (a, b stream.ByteStream) {
				return stream.Pipe(0)
			}},
			{"buffered", func(context.Context, func(func(context.Context) error)) (a, b stream.ByteStream) {
				return stream.Pipe(4096)
			}},
			{"relayed by tasks", func(ctx context.Context, spawn func(func(context.Context) error)) (a, b stream.ByteStream) {
				a, a2 := stream.Pipe(100)
				b, b2 := stream.Pipe(0)
				spawn(relay(a2, b2))
				spawn(relay(b2, a2))
				return a, b
			}},
		} {
			t.Run(on.Name()+"/"+c.name, func(t *testing.T) {
				outside(t, on, func(ctx context.Context, spawn func(func(context.Context) error)) {
					nettest.TestConn(t, func() (net.Conn, net.Conn, func(), error) {
						a, b := c.make(ctx, spawn)
						x, y := stream.NetConn(ctx, a), stream.NetConn(ctx, b)
						stop := func() {
							if err := errors.Join(x.Close(), y.Close()); err != nil {
								t.Error(err)
							}
						}
						return x, y, stop, nil
					})
				})
			})
		}
	}
}
