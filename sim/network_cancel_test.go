package sim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// Wherever an exchange between two hosts is canceled, ports are free again, and
// what was not read is still there.
func TestNetworkSurvivesCancellationEverywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var l kernel.StreamListener
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) error {
				return sim.RunOnHost(ctx, "server", func(ctx context.Context) (err error) {
					l, err = listen(ctx, 80)
					return err
				})
			},
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						c, err := l.Accept(ctx)
						if err != nil {
							return err
						}
						defer func() { _ = c.Close() }()
						return echo(ctx, c)
					})
					return sim.RunOnHost(ctx, "client", func(ctx context.Context) error {
						c, err := dial(ctx, "server", 80)
						if err != nil {
							return err
						}
						defer func() { _ = c.Close() }()
						if _, err := c.Write(ctx, []byte("hello")); err != nil {
							return err
						}
						if err := c.CloseWrite(); err != nil {
							return err
						}
						_, err = readAll(ctx, c)
						return err
					})
				})
			},
			Check: func(ctx context.Context, err error) error {
				if err != nil {
					return err
				}
				// The listener is as good as new, whatever still waits in it.
				c, err := dial(ctx, "server", 80)
				if err != nil {
					return err
				}
				defer func() { _ = c.Close() }()
				for {
					s, err := l.Accept(ctx)
					if err != nil {
						return err
					}
					if s.RemoteAddr() == c.LocalAddr() {
						return errors.Join(s.Close(), l.Close())
					}
					if err := s.Close(); err != nil {
						return err
					}
				}
			},
		}
	})
}

func TestCanceledReaderLeavesDataToTheNext(t *testing.T) {
	var a, b kernel.StreamConn
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var got []byte
		read := func(ctx context.Context) error {
			buf := make([]byte, 4)
			for {
				k, err := b.Read(ctx, buf)
				got = append(got, buf[:k]...)
				if errors.Is(err, io.EOF) {
					return nil
				}
				if err != nil {
					return err
				}
			}
		}
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) error {
				l, err := listen(ctx, 80)
				if err != nil {
					return err
				}
				if a, err = dial(ctx, "localhost", 80); err != nil {
					return err
				}
				if b, err = l.Accept(ctx); err != nil {
					return err
				}
				sim.NetworkOf(ctx).Link("localhost", "localhost", sim.Link{Latency: time.Millisecond, Loss: 0.2})
				for i := range 5 {
					if _, err := a.Write(ctx, fmt.Appendf(nil, "part %d;", i)); err != nil {
						return err
					}
				}
				return errors.Join(a.Close(), l.Close())
			},
			Body: read,
			Check: func(ctx context.Context, err error) error {
				if err == nil {
					err = read(ctx)
				}
				if err == nil && string(got) != "part 0;part 1;part 2;part 3;part 4;" {
					err = fmt.Errorf("read %q", got)
				}
				return errors.Join(err, b.Close())
			},
		}
	})
}

func TestCanceledReadLosesNothing(t *testing.T) {
	for seed := range uint64(20) {
		connected(t, sim.Config{Seed: seed}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
			var got []byte
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					for i := range 100 {
						if _, err := a.Write(ctx, []byte{byte(i)}); err != nil {
							return err
						}
						if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
							return err
						}
					}
					return a.CloseWrite()
				})
				for {
					_, err := anyio.MoveOnAfter(ctx, 700*time.Microsecond, func(ctx context.Context) error {
						var buf [3]byte
						k, err := b.Read(ctx, buf[:])
						got = append(got, buf[:k]...)
						return err
					})
					if errors.Is(err, io.EOF) {
						return nil
					}
					if err != nil {
						return err
					}
				}
			})
			testkit.WantNil(t, "group", err)
			for i, x := range got {
				if int(x) != i {
					t.Fatalf("seed %d: byte %d is %d", seed, i, x)
				}
			}
			if len(got) != 100 {
				t.Errorf("seed %d: %d bytes", seed, len(got))
			}
		})
	}
}

func TestCloseWakesThoseWhoWait(t *testing.T) {
	connected(t, sim.Config{Seed: 1}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) {
		l, err := listen(ctx, 99)
		testkit.WantNil(t, "listen", err)
		testkit.WantNil(t, "group", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := a.Read(ctx, make([]byte, 1))
				testkit.WantIs(t, "read", err, net.ErrClosed)
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				k, err := b.Write(ctx, make([]byte, 1<<20))
				testkit.WantIs(t, "write", err, net.ErrClosed)
				if k == 0 || k == 1<<20 {
					t.Errorf("wrote %d bytes", k)
				}
				return nil
			})
			tg.Go(func(ctx context.Context) error {
				_, err := l.Accept(ctx)
				testkit.WantIs(t, "accept", err, net.ErrClosed)
				return nil
			})
			testkit.WantNil(t, "wait", anyio.WaitAllTasksBlocked(ctx))
			return errors.Join(b.Close(), a.Close(), l.Close())
		}))
	})
}
