package socket_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// nothingIsOpen wants no socket in the simulated network once TCP has given up on
// what is under way.
func nothingIsOpen(ctx context.Context) error {
	if err := anyio.Sleep(ctx, time.Hour); err != nil {
		return err
	}
	if n := sim.NetworkOf(ctx).Stats().Sockets; n != 0 {
		return fmt.Errorf("%d sockets are left open", n)
	}
	return nil
}

// host makes a host with one listener on port 80 of all its addresses.
func host(ctx context.Context, name string, addrs ...string) (l *socket.TCPListener, err error) {
	var cfg sim.HostConfig
	for _, a := range addrs {
		cfg.Addrs = append(cfg.Addrs, netip.MustParseAddr(a))
	}
	if err := sim.NetworkOf(ctx).AddHost(name, cfg); err != nil {
		return nil, err
	}
	err = sim.RunOnHost(ctx, name, func(ctx context.Context) error {
		l, err = socket.ListenTCP(ctx, "", 80)
		return err
	})
	return l, err
}

func TestDialCanBeCanceledEverywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var l, l2 *socket.TCPListener
		var s *socket.Stream
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) (err error) {
				n := sim.NetworkOf(ctx)
				if l, err = host(ctx, "good", "10.9.0.1", "fd09::1"); err != nil {
					return err
				}
				if l2, err = host(ctx, "silent", "10.9.0.2", "fd09::2"); err != nil {
					return err
				}
				n.Partition("localhost", "silent")
				// A black hole, nobody, an address that refuses, and the right one.
				answers := []netip.Addr{netip.MustParseAddr("fd09::2"), netip.MustParseAddr("fd09::9"), netip.MustParseAddr("10.9.0.2"), netip.MustParseAddr("10.9.0.1")}
				n.DNSFunc("all.test", func(family string) sim.DNSAnswer {
					if family == "ip6" {
						return sim.DNSAnswer{Addrs: answers, Delay: 80 * time.Millisecond}
					}
					return sim.DNSAnswer{Addrs: answers, Delay: 10 * time.Millisecond}
				})
				return nil
			},
			Body: func(ctx context.Context) (err error) {
				s, err = socket.Dialer{AttemptDelay: 20 * time.Millisecond}.DialTCP(ctx, "all.test", 80)
				return err
			},
			Check: func(ctx context.Context, err error) error {
				if err != nil {
					return err
				}
				if s != nil {
					if err := s.Close(ctx); err != nil {
						return err
					}
				}
				return errors.Join(l.Close(ctx), l2.Close(ctx), nothingIsOpen(ctx))
			},
		}
	})
}

// Whatever is canceled while connections are accepted, each of them is either given
// to somebody or still there for the next one, and listeners with two sockets lose
// none between them.
func TestAcceptCanBeCanceledEverywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var l *socket.TCPListener
		var mu sync.Mutex // guards clients
		var clients []*socket.Stream
		var accepted []string
		take := func(ctx context.Context) error {
			s, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			accepted = append(accepted, s.RemoteAddr().String())
			return s.Close(ctx)
		}
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) (err error) {
				l, err = socket.ListenTCP(ctx, "localhost", 80)
				if err == nil && len(l.Addrs()) != 2 {
					err = fmt.Errorf("listens on %v", l.Addrs())
				}
				return err
			},
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for _, host := range []string{"127.0.0.1", "::1", "::1", "127.0.0.1"} {
						tg.Go(func(ctx context.Context) error {
							s, err := socket.DialTCP(ctx, host, 80)
							if err == nil {
								mu.Lock()
								clients = append(clients, s)
								mu.Unlock()
							}
							return err
						})
					}
					for range 4 {
						if err := take(ctx); err != nil {
							return err
						}
					}
					return nil
				})
			},
			Check: func(ctx context.Context, err error) error {
				if err != nil {
					return err
				}
				for _, s := range clients {
					for addr := s.LocalAddr().String(); !slices.Contains(accepted, addr); {
						if err := anyio.FailAfter(ctx, time.Minute, take); err != nil {
							return fmt.Errorf("the connection of %s is lost: %w", addr, err)
						}
					}
					if err := s.Close(ctx); err != nil {
						return err
					}
				}
				slices.Sort(accepted)
				if n := len(accepted); len(slices.Compact(accepted)) != n {
					return fmt.Errorf("accepted twice: %v", accepted)
				}
				return errors.Join(l.Close(ctx), nothingIsOpen(ctx))
			},
		}
	})
}

func TestServeCanBeCanceledEverywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var l *socket.TCPListener
		var begun, ended atomic.Int32
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) (err error) {
				l, err = socket.ListenTCP(ctx, "localhost", 80)
				return err
			},
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error {
							begun.Add(1)
							defer func() {
								_ = s.Close(ctx)
								ended.Add(1)
							}()
							buf := make([]byte, 10)
							n, err := s.Receive(ctx, buf)
							if err != nil {
								return err
							}
							return s.Send(ctx, buf[:n])
						})
					})
					for _, host := range []string{"127.0.0.1", "::1"} {
						s, err := socket.DialTCP(ctx, host, 80)
						if err != nil {
							return err
						}
						defer func() { _ = s.Close(ctx) }()
						if err := s.Send(ctx, []byte("hello")); err != nil {
							return err
						}
						if _, err := s.Receive(ctx, make([]byte, 10)); err != nil {
							return err
						}
					}
					tg.Cancel("served")
					return nil
				})
			},
			Check: func(ctx context.Context, err error) error {
				if begun.Load() != ended.Load() {
					err = errors.Join(err, fmt.Errorf("%d handlers have begun and %d ended", begun.Load(), ended.Load()))
				}
				return errors.Join(err, l.Close(ctx), nothingIsOpen(ctx))
			},
		}
	})
}

// A canceled Send of a datagram has sent nothing, and one that succeeded is received
// once, whatever is canceled.
func TestDatagramsCanBeCanceledEverywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var in *socket.UnixgramSocket
		var out *socket.ConnectedUnixgramSocket
		var sent, got []string
		receive := func(ctx context.Context) error {
			p, err := in.Receive(ctx)
			if err == nil {
				got = append(got, string(p.Data))
			}
			return err
		}
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) (err error) {
				if in, err = socket.ListenUnixgram(ctx, "/in"); err == nil {
					out, err = socket.DialUnixgram(ctx, "/in")
				}
				return err
			},
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						for i := range 20 { // more than the queue takes
							text := fmt.Sprint(i)
							if err := out.Send(ctx, []byte(text)); err != nil {
								return err
							}
							sent = append(sent, text)
						}
						return nil
					})
					for range 20 {
						if err := receive(ctx); err != nil {
							return err
						}
					}
					return nil
				})
			},
			Check: func(ctx context.Context, err error) error {
				for err == nil && len(got) < len(sent) {
					err = anyio.FailAfter(ctx, time.Second, receive)
				}
				if err == nil && !slices.Equal(got, sent) {
					err = fmt.Errorf("sent %v, received %v", sent, got)
				}
				return errors.Join(err, in.Close(ctx), out.Close(ctx), nothingIsOpen(ctx))
			},
		}
	}, anyiotest.Seeds(1))
}

// Making sockets can be canceled anywhere, and leaves none behind.
func TestOpeningCanBeCanceledEverywhere(t *testing.T) {
	opens := []func(ctx context.Context) (anyio.Resource, error){
		func(ctx context.Context) (anyio.Resource, error) {
			return asResource(socket.ListenTCP(ctx, "localhost", 0))
		},
		func(ctx context.Context) (anyio.Resource, error) {
			return asResource(socket.ListenConfig{Mode: 0o600}.ListenUnix(ctx, "/l"))
		},
		func(ctx context.Context) (anyio.Resource, error) {
			return asResource(socket.ListenUDP(ctx, "localhost", 0))
		},
		func(ctx context.Context) (anyio.Resource, error) {
			return asResource(socket.DialUDP(ctx, "localhost", 9))
		},
		func(ctx context.Context) (anyio.Resource, error) {
			return asResource(socket.ListenConfig{Mode: 0o600}.ListenUnixgram(ctx, "/d"))
		},
		func(ctx context.Context) (anyio.Resource, error) {
			return asResource(socket.DialUnix(ctx, "/l"))
		},
		func(ctx context.Context) (anyio.Resource, error) {
			return asResource(socket.Dial(ctx, "tcp", "localhost:http"))
		},
	}
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var all []anyio.Resource
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) error {
				l, err := socket.ListenTCP(ctx, "", 80)
				all = append(all, l)
				return err
			},
			Body: func(ctx context.Context) error {
				for _, open := range opens {
					r, err := open(ctx)
					if err != nil {
						return err
					}
					all = append(all, r)
				}
				return nil
			},
			Check: func(ctx context.Context, err error) error {
				for _, r := range all {
					err = errors.Join(err, r.Close(ctx))
				}
				return errors.Join(err, nothingIsOpen(ctx))
			},
		}
	})
}

// asResource hides a nil pointer.
func asResource[R anyio.Resource](r R, err error) (anyio.Resource, error) {
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Lines that are received while others are canceled are whole, and in order.
func TestLinesOverASocketCanBeCanceledEverywhere(t *testing.T) {
	lines := []string{"one", "", "three is a longer line", "4", "five"}
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var l *socket.TCPListener
		var c, s *socket.Stream
		var r *stream.BufferedStream
		var got []string
		receive := func(ctx context.Context) error {
			for line, err := range r.Lines(ctx, 100) {
				if err != nil {
					return err
				}
				got = append(got, string(line))
			}
			return nil
		}
		return anyiotest.Scenario{
			SetUp: func(ctx context.Context) (err error) {
				if l, err = socket.ListenTCP(ctx, "", 80); err != nil {
					return err
				}
				if c, err = socket.DialTCP(ctx, "127.0.0.1", 80); err != nil {
					return err
				}
				if s, err = l.Accept(ctx); err != nil {
					return err
				}
				r = stream.NewBuffered(s)
				for _, line := range lines {
					for _, b := range []byte(line + "\r\n") {
						if err := c.Send(ctx, []byte{b}); err != nil {
							return err
						}
					}
				}
				return c.SendEOF(ctx)
			},
			Body: receive,
			Check: func(ctx context.Context, err error) error {
				if err == nil {
					err = receive(ctx)
				}
				if err == nil && !slices.Equal(got, lines) {
					err = fmt.Errorf("received %q", got)
				}
				return errors.Join(err, c.Close(ctx), r.Close(ctx), l.Close(ctx), nothingIsOpen(ctx))
			},
		}
	})
}

// On cores of their own, attempts may notice a cancellation before the task that
// decides: that is no failure of theirs.
func TestCanceledDialIsNoFailureOfAttempts(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := tcpListener(t, ctx, "localhost")
		for i := range 300 {
			var s *socket.Stream
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) (err error) {
						s, err = socket.Dialer{AttemptDelay: time.Nanosecond}.DialTCP(ctx, "localhost", l.Port())
						return err
					})
					for range i % 40 {
						_ = lowlevel.Checkpoint(ctx)
					}
					scope.Cancel("test")
					return nil
				})
			})
			testkit.Must(t, err)
			if s != nil {
				testkit.Must(t, s.Close(ctx))
			}
		}
	})
}

// A listener that is closed after a cancellation resets what it has not accepted: a dial
// that hears of this is canceled, and has not failed.
func TestCanceledDialIsNotReset(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for i := range 300 {
			l := tcpListener(t, ctx, "127.0.0.1")
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
					if s != nil {
						err = errors.Join(err, s.Close(ctx))
					}
					return err
				})
				for range i % 40 {
					_ = lowlevel.Checkpoint(ctx)
				}
				tg.Cancel("test")
				return l.Close(ctx)
			})
			testkit.Must(t, err)
		}
	})
}
