// Package swallow has cancellations that do not get to their scope.
package swallow

import (
	"context"
	"errors"
	"log"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/socket"
)

func handle(ctx context.Context, conn *socket.Stream) error { return conn.Close(ctx) }

func accepts(ctx context.Context, l *socket.TCPListener, tg *anyio.TaskGroup) error {
	for {
		conn, err := l.Accept(ctx)
		if err != nil { // want `swallow: when its scope is canceled this loop never ends: return the error of Accept if it is a cancellation`
			log.Print(err)
			continue
		}
		if err := handle(ctx, conn); err != nil {
			return err
		}
	}
}

func polls(ctx context.Context, e *anyio.Event) {
	for {
		if err := e.Wait(ctx); err != nil { // want `swallow: .* return the error of Wait`
			continue
		}
		log.Print("set")
	}
}

func ticks(ctx context.Context) {
	for {
		_ = anyio.Sleep(ctx, time.Second) // want `swallow: when its scope is canceled this loop never ends: return the error of Sleep`
		log.Print("tick")
	}
}

func done(ctx context.Context, e *anyio.Event) error {
	if err := e.Wait(ctx); err != nil {
		if anyio.IsCancellation(err) {
			return nil // want `swallow: a cancellation is swallowed: return it`
		}
		return err
	}
	err := anyio.Sleep(ctx, time.Second)
	if errors.Is(err, anyio.ErrCanceled) || errors.Is(err, context.Canceled) {
		log.Print("canceled")
		return nil // want `swallow: a cancellation is swallowed`
	}
	return err
}

func good(ctx context.Context, l *socket.TCPListener, e *anyio.Event) error {
	for {
		conn, err := l.Accept(ctx)
		if err != nil {
			if anyio.IsCancellation(err) {
				return err
			}
			continue
		}
		if err := handle(ctx, conn); err != nil {
			break
		}
	}
	for {
		if err := anyio.Sleep(ctx, time.Second); err != nil {
			return err
		}
		if _, err := l.Accept(ctx); err != nil {
			continue // the next Sleep will tell
		}
		break
	}
	for {
		if err := e.Wait(ctx); err != nil {
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				return err
			}
			continue
		}
		break
	}
	for n := 0; n < 3; n++ {
		if err := e.Wait(ctx); err != nil {
			continue
		}
	}
	for {
		_ = anyio.Sleep(ctx, time.Second)
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// leaves are loops that end otherwise.
func leaves(ctx context.Context, e *anyio.Event, failed func(err error)) {
	for {
		if err := e.Wait(ctx); err != nil {
			failed(err) // it may panic
			continue
		}
	}
	for {
		if err := e.Wait(ctx); err != nil {
			log.Fatal(err)
			continue
		}
	}
	for {
		if err := e.Wait(ctx); err != nil {
			if e.IsSet() {
				panic(err)
			}
			continue
		}
	}
outer:
	for range 3 {
		for {
			if err := e.Wait(ctx); err != nil {
				continue outer
			}
		}
	}
}

// mixed has an error that is not always of a call with its context.
func mixed(ctx context.Context, e *anyio.Event, other func() error) error {
	err := other()
	if err == nil {
		err = e.Wait(ctx)
	}
	if anyio.IsCancellation(err) {
		return nil
	}
	return err
}

// top is where nothing is left that could be canceled.
func top() error {
	ctx := context.Background()
	err := anyio.Sleep(ctx, time.Second)
	if anyio.IsCancellation(err) {
		return nil
	}
	return err
}

func other(ctx context.Context, task *anyio.TaskHandle, stopped bool) error {
	err := task.Await(ctx)
	if errors.Is(err, anyio.ErrTaskCanceled) {
		return nil // another one
	}
	if errors.Is(err, anyio.ErrCanceled) && stopped {
		return nil
	}
	return err
}

// results is called with what another function returns.
func results(ctx context.Context, both func() (err, target error)) error {
	err := anyio.Sleep(ctx, time.Second)
	if errors.Is(both()) {
		return nil
	}
	return err
}
