//go:build unix

package eventloop_test

import (
	"context"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/eventloop"
	"github.com/anyio-go/anyio/internal/kernel"
)

type readable struct{ ev *anyio.Event }

func (r readable) Ready(in, _ bool) {
	if in {
		r.ev.Set()
	}
}

// The loop sleeps in the poller once a descriptor is registered; data, a timer
// and another goroutine must each end that sleep.
func TestLoopWaitsForDescriptorsTimersAndGoroutinesAtOnce(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var fds [2]int
		if err := unix.Pipe(fds[:]); err != nil {
			return err
		}
		defer unix.Close(fds[0])
		defer unix.Close(fds[1])
		if err := unix.SetNonblock(fds[0], true); err != nil {
			return err
		}
		loop := kernel.Locate(ctx).Run().Backend.(*eventloop.Backend)
		var arrived anyio.Event
		desc, err := loop.Register(fds[0], readable{&arrived})
		if err != nil {
			return err
		}
		defer func() { _ = loop.Unregister(desc) }()

		if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		var called anyio.Event
		go called.Set()
		if err := called.Wait(ctx); err != nil {
			return err
		}
		if arrived.IsSet() {
			t.Error("an empty pipe was reported readable")
		}
		go func() { _, _ = unix.Write(fds[1], []byte("x")) }()
		return arrived.Wait(ctx)
	}, anyio.On(anyio.EventLoop()))
	if err != nil {
		t.Fatal(err)
	}
}
