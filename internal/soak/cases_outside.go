package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/socket"
)

// childEnv is set in the processes that this one starts.
const childEnv = "ANYIO_SOAK_CHILD"

// blocking runs blocking calls, of which some are left alone.
func blocking(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for i := range 10 {
			tg.Go(func(ctx context.Context) error {
				got, err := anyio.RunBlockingValue(ctx, func() (int, error) { return i, nil })
				if err != nil {
					return err
				}
				return want("the result of a blocking call", got, i)
			})
		}
		_, err := anyio.MoveOnAfter(ctx, 100*time.Microsecond, func(ctx context.Context) error {
			_, err := anyio.RunBlockingValue(ctx, func() (int, error) { time.Sleep(time.Millisecond); return 0, nil }, anyio.AbandonOnCancel())
			return err
		})
		return err
	})
}

// portals calls into a run of its own, and into this one from a goroutine that is no task.
func portals(ctx context.Context) error {
	calls := func(ctx context.Context, p *portal.Portal) error {
		for i := range 20 {
			got, err := portal.Call(ctx, p, func(context.Context) (int, error) { return i, nil })
			if err != nil {
				return err
			}
			if err := want("the answer of a portal", got, i); err != nil {
				return err
			}
		}
		return nil
	}
	p, err := portal.New(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(calls(ctx, p), p.Close(ctx)); err != nil {
		return err
	}
	return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 0, calls(context.Background(), p) })
		return err
	})
}

// echo serves a few clients over the loopback interface. Half of them hang up in the
// middle of a word.
func echo(ctx context.Context) error {
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return err
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer l.Close(ctx)
		tg.Go(func(ctx context.Context) error {
			return l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error {
				defer s.Close(ctx)
				buf := make([]byte, 1000)
				for {
					n, err := s.Receive(ctx, buf)
					if err == nil {
						err = s.Send(ctx, buf[:n])
					}
					switch {
					case errors.Is(err, anyio.ErrEndOfStream) || errors.Is(err, anyio.ErrBroken):
						return nil // the client hung up
					case err != nil:
						return err
					}
				}
			})
		}, anyio.Name("server"))
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, clients *anyio.TaskGroup) error {
			for i := range 6 {
				clients.Go(func(ctx context.Context) error { return client(ctx, l.Addr().(*net.TCPAddr).Port, i%2 == 0) })
			}
			return nil
		})
		tg.Cancel("the clients are done")
		return err
	})
}

func client(ctx context.Context, port int, rude bool) error {
	s, err := socket.DialTCP(ctx, "127.0.0.1", port)
	if err != nil {
		return err
	}
	defer s.Close(ctx)
	word, buf := bytes.Repeat([]byte("soak"), 100), make([]byte, 1000)
	for range 10 {
		if err := s.Send(ctx, word); err != nil {
			return err
		}
		if rude {
			return anyio.CloseForcefully(ctx, s)
		}
		for left := word; len(left) > 0; {
			n, err := s.Receive(ctx, buf)
			if err != nil {
				return err
			}
			if !bytes.HasPrefix(left, buf[:n]) {
				return fmt.Errorf("the echo is %q, want %q", buf[:n], left)
			}
			left = left[n:]
		}
	}
	return nil
}

// processes starts this program twice; one of the two is canceled.
func processes(ctx context.Context) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	command := process.Command{Args: []string{self}, Env: append(os.Environ(), childEnv+"=1")}
	res, err := process.Run(ctx, command)
	if err != nil {
		return err
	}
	if err := want("what a process prints", string(res.Stdout), "child"); err != nil {
		return err
	}
	_, err = anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
		_, err := process.Run(ctx, command)
		return err
	})
	return err
}
