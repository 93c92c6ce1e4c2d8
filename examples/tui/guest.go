package main

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/socket"
)

// The guest knows nothing of the loop that it runs in, but for the screen, which it
// changes as if it were alone.

const (
	ownClients = 50 // of the server, besides those from outside
	computing  = 4  // tasks that compute, if asked for
)

// guest is the main task.
func guest(ctx context.Context, s *screen, listen string) error {
	l, err := socket.Listen(ctx, "tcp", listen)
	if err != nil {
		return err
	}
	defer l.Close(ctx)
	s.address = l.Addr().String()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			return l.Serve(ctx, nil, func(ctx context.Context, conn *socket.Stream) error { return s.serve(ctx, conn) })
		}, anyio.Name("server"))
		for range ownClients {
			tg.Go(func(ctx context.Context) error { return ping(ctx, s.address) })
		}
		for i := range s.cells {
			tg.Go(func(ctx context.Context) error { return s.blink(ctx, i) })
		}
		tg.Go(s.watch)
		var on anyioutils.Event
		s.computes = func(yes bool) {
			if on.Clear(); yes {
				on.Set()
			}
		}
		for range computing {
			tg.Go(func(ctx context.Context) error { return s.compute(ctx, &on) })
		}
		return nil
	})
}

// blink is what each of the thousand does: it sleeps, and shows that it has.
func (s *screen) blink(ctx context.Context, i int) error {
	for {
		if err := anyio.Sleep(ctx, rand.N(500*time.Millisecond)); err != nil {
			return err
		}
		s.cells[i] = time.Now()
		s.steps++
	}
}

// serve sends back what comes.
func (s *screen) serve(ctx context.Context, conn *socket.Stream) error {
	s.clients++
	defer func() { s.clients-- }()
	defer conn.Close(ctx)
	var buf [4096]byte
	for {
		n, err := conn.Receive(ctx, buf[:])
		if err != nil {
			return nil // it has gone
		}
		if err := conn.Send(ctx, buf[:n]); err != nil {
			return nil
		}
		s.echoes++
	}
}

// ping is a client of the server.
func ping(ctx context.Context, address string) error {
	conn, err := socket.Dial(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	var buf [64]byte
	for {
		if err := conn.Send(ctx, []byte("ping")); err != nil {
			return err
		}
		if _, err := conn.Receive(ctx, buf[:]); err != nil {
			return err
		}
		if err := anyio.Sleep(ctx, rand.N(40*time.Millisecond)); err != nil {
			return err
		}
	}
}

// compute never waits while it is on. It gives way to other tasks, and the guest to the
// screen.
func (s *screen) compute(ctx context.Context, on *anyioutils.Event) error {
	for {
		if err := on.Wait(ctx); err != nil {
			return err
		}
		s.busy++
		for on.IsSet() {
			sum := 0
			for i := range 10_000 {
				sum += i
			}
			s.sums += min(sum, 1)
			if err := lowlevel.Checkpoint(ctx); err != nil {
				return err
			}
		}
		s.busy--
	}
}

// watch shows how saturated the loop is, anew each second.
func (s *screen) watch(ctx context.Context) error {
	for {
		var m anyioutils.Monitor
		if err := m.Do(ctx, func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) }); err != nil {
			return err
		}
		s.ratio = m.Result()
	}
}
