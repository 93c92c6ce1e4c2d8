package sim_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// expected reports whether an error is one that a program on a host that is killed,
// or whose peer is, must be ready for.
func expected(err error) bool {
	var op *net.OpError
	var dns *net.DNSError
	return err == nil || errors.Is(err, anyio.ErrCanceled) || errors.Is(err, anyio.ErrClosed) || errors.Is(err, anyio.ErrBroken) ||
		errors.Is(err, anyio.ErrEndOfStream) || errors.As(err, &op) || errors.As(err, &dns)
}

// patiently repeats what a program does on a host, with a pause, until it is
// canceled, or fails in a way that it must not.
func patiently(ctx context.Context, host string, f func(ctx context.Context) error) error {
	return sim.RunOnHost(ctx, host, func(ctx context.Context) error {
		for {
			if err := f(ctx); !expected(err) {
				return fmt.Errorf("on %s: %w", host, err)
			}
			if err := anyio.Sleep(ctx, 20*time.Millisecond); err != nil {
				return err
			}
		}
	})
}

func echoAll(ctx context.Context, s stream.ByteStream) error {
	defer func() { _ = s.Close(ctx) }()
	buf := make([]byte, 700)
	for {
		n, err := s.Receive(ctx, buf)
		if err == nil {
			err = s.Send(ctx, buf[:n])
		}
		if err != nil {
			if expected(err) && !errors.Is(err, anyio.ErrCanceled) {
				return nil
			}
			return err
		}
	}
}

// ask sends a text and wants it back.
func ask(ctx context.Context, s stream.ByteStream, size int) error {
	defer func() { _ = s.Close(ctx) }()
	text := strings.Repeat("x", size)
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			if err := s.Send(ctx, []byte(text)); err != nil {
				return err
			}
			return s.SendEOF(ctx)
		})
		buf, got := make([]byte, 1000), 0
		for {
			n, err := s.Receive(ctx, buf)
			if got += n; errors.Is(err, anyio.ErrEndOfStream) {
				if got != len(text) {
					return fmt.Errorf("%d bytes came back of %d, and then the end: %w", got, len(text), errShort)
				}
				return nil
			}
			if err != nil {
				return err
			}
		}
	})
}

// errShort is what must not happen unless the server was killed, which a reset tells.
var errShort = errors.New("the stream ended early")

// storm is a network of programs that do everything that can be done with sockets,
// on hosts that are killed, switched off, restarted and cut off from each other.
func storm(ctx context.Context, rounds int) error {
	n := sim.NetworkOf(ctx)
	for _, name := range []string{"server", "client"} {
		if err := n.AddHost(name, sim.HostConfig{}); err != nil {
			return err
		}
	}
	n.Link("server", "client", sim.Link{Latency: 3 * time.Millisecond, Jitter: time.Millisecond, Loss: 0.02})
	programs := []func(ctx context.Context, tg *anyio.TaskGroup) error{
		func(ctx context.Context, tg *anyio.TaskGroup) error { // serve
			return patiently(ctx, "server", func(ctx context.Context) error {
				l, err := socket.ListenTCP(ctx, "", 80)
				if err != nil {
					return err
				}
				defer func() { _ = l.Close(ctx) }()
				return l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error { return echoAll(ctx, s) })
			})
		},
		func(ctx context.Context, tg *anyio.TaskGroup) error { // accept
			return patiently(ctx, "server", func(ctx context.Context) error {
				l, err := socket.ListenTCP(ctx, "server", 81)
				if err != nil {
					return err
				}
				defer func() { _ = l.Close(ctx) }()
				s, err := l.Accept(ctx)
				if err != nil {
					return err
				}
				return echoAll(ctx, s)
			})
		},
		func(ctx context.Context, tg *anyio.TaskGroup) error { // datagrams
			return patiently(ctx, "server", func(ctx context.Context) error {
				s, err := socket.ListenConfig{Family: socket.IPv4}.ListenUDP(ctx, "", 53)
				if err != nil {
					return err
				}
				defer func() { _ = s.Close(ctx) }()
				for {
					p, err := s.Receive(ctx)
					if err == nil {
						err = s.Send(ctx, p)
					}
					if err != nil {
						return err
					}
				}
			})
		},
		func(ctx context.Context, tg *anyio.TaskGroup) error { // UNIX sockets
			return patiently(ctx, "server", func(ctx context.Context) error {
				l, err := socket.ListenUnix(ctx, "/s")
				if err != nil {
					return err
				}
				defer func() { _ = l.Close(ctx) }()
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					defer tg.Cancel("asked")
					tg.Go(func(ctx context.Context) error {
						return l.Serve(ctx, nil, func(ctx context.Context, s *socket.UnixStream) error { return echoAll(ctx, s) })
					})
					s, err := socket.DialUnix(ctx, "/s")
					if err != nil {
						return err
					}
					return ask(ctx, s, 70_000)
				})
			})
		},
		client(func(ctx context.Context) error {
			s, err := socket.DialTCP(ctx, "server", 80)
			if err != nil {
				return err
			}
			return ask(ctx, s, 30_000)
		}),
		client(func(ctx context.Context) error {
			s, err := socket.Dialer{AttemptDelay: 4 * time.Millisecond}.DialTCP(ctx, "server", 81)
			if err != nil {
				return err
			}
			return ask(ctx, s, 1000)
		}),
		client(func(ctx context.Context) error {
			s, err := socket.Dialer{Family: socket.IPv4}.DialUDP(ctx, "server", 53)
			if err != nil {
				return err
			}
			defer func() { _ = s.Close(ctx) }()
			if err := s.Send(ctx, []byte("?")); err != nil {
				return err
			}
			_, err = s.Receive(ctx)
			return err
		}),
	}
	return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, p := range programs {
			tg.Go(func(ctx context.Context) error { return p(ctx, tg) })
		}
		for range rounds {
			if err := anyio.Sleep(ctx, time.Duration(1+anyio.Rand(ctx).IntN(60))*time.Millisecond); err != nil {
				return err
			}
			host := []string{"server", "client"}[anyio.Rand(ctx).IntN(2)]
			switch anyio.Rand(ctx).IntN(6) {
			case 0:
				n.Kill(host, "storm")
			case 1:
				n.PowerOff(host, "storm")
			case 2:
				n.Partition("server", "client")
			case 3:
				n.Reset("server", "client")
			case 4:
				n.Drop("server", "client")
			}
			if anyio.Rand(ctx).IntN(2) == 0 {
				n.Restart("server")
				n.Restart("client")
				n.Heal("server", "client")
			}
		}
		return nil
	})
}

// client is a program that asks, with some patience.
func client(f func(ctx context.Context) error) func(ctx context.Context, tg *anyio.TaskGroup) error {
	return func(ctx context.Context, tg *anyio.TaskGroup) error {
		return patiently(ctx, "client", func(ctx context.Context) error {
			_, err := anyio.MoveOnAfter(ctx, 300*time.Millisecond, f)
			return err
		})
	}
}

// In a storm of faults no task and no socket is left, and the same seed gives the
// same storm.
func TestStormLeavesNothingBehind(t *testing.T) {
	seeds := uint64(200)
	switch {
	case testing.Short():
		seeds = 20
	case race.Enabled:
		seeds = 60
	}
	for seed := range seeds {
		once := func() uint64 {
			return run(t, sim.Config{Seed: seed}, func(ctx context.Context, n *sim.Network) error {
				if err := storm(ctx, 12); err != nil {
					return err
				}
				if all := anyio.RunningTasks(ctx); len(all) != 1 {
					return fmt.Errorf("tasks are left: %v", all)
				}
				n.Restart("server")
				n.Restart("client")
				n.HealAll()
				if err := anyio.Sleep(ctx, 2*time.Hour); err != nil { // TCP gives up
					return err
				}
				if s := n.Stats(); s.Sockets != 0 {
					return fmt.Errorf("%d sockets are left", s.Sockets)
				}
				return nil
			}).Hash()
		}
		hash := once()
		if seed%10 == 0 {
			if again := once(); again != hash {
				t.Errorf("seed %d: the hash is %x, then %x", seed, hash, again)
			}
		}
	}
}

// A connection that was closed does not wait forever for a peer that has crashed
// without a word.
func TestClosedConnectionGivesUpOnASilentPeer(t *testing.T) {
	run(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network) error {
		return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			err := onHost(ctx, tg, "server", func(ctx context.Context, ready func()) error {
				return serve(ctx, 80, ready, func(ctx context.Context, c kernel.StreamConn) error {
					return anyio.SleepForever(ctx) // and never ends its side
				})
			})
			if err != nil {
				return err
			}
			before := n.Stats().Sockets
			c, err := dial(ctx, "server", 80)
			if err != nil {
				return err
			}
			if err := errors.Join(anyio.Sleep(ctx, time.Second), c.Close(), anyio.Sleep(ctx, time.Second)); err != nil {
				return err
			}
			n.PowerOff("server", "test")
			if s := n.Stats().Sockets; s != 1 {
				t.Errorf("%d sockets after the power is off, want the closed one", s)
			}
			if err := anyio.Sleep(ctx, time.Minute); err != nil {
				return err
			}
			if s := n.Stats().Sockets; s != 0 || before != 1 {
				t.Errorf("%d sockets a minute later, want none (%d before)", s, before)
			}
			return nil
		})
	})
}
