//go:build unix

package outcome_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

func (b *bench) listener() *socket.TCPListener {
	return must[*socket.TCPListener](b)(socket.ListenTCP(b.ctx, "127.0.0.1", 0))
}

// tcp is a connection.
func (b *bench) tcp() (c, s *socket.Stream) {
	l := b.listener()
	c = must[*socket.Stream](b)(socket.DialTCP(b.ctx, "127.0.0.1", l.Port()))
	s = must[*socket.Stream](b)(l.Accept(b.ctx))
	b.check(l.Close(b.ctx))
	return c, s
}

func (b *bench) path(name string) string { return filepath.Join(b.dir, name) }

func (b *bench) unixListener() *socket.UnixListener {
	return must[*socket.UnixListener](b)(socket.ListenUnix(b.ctx, b.path("l")))
}

func (b *bench) unix() (c, s *socket.UnixStream) {
	l := b.unixListener()
	c = must[*socket.UnixStream](b)(socket.DialUnix(b.ctx, b.path("l")))
	s = must[*socket.UnixStream](b)(l.Accept(b.ctx))
	b.check(l.Close(b.ctx))
	return c, s
}

func accepting[S stream.ByteStream](l stream.Listener[S]) wait {
	return waiting(func(ctx context.Context) error { _, err := l.Accept(ctx); return err }, closing(l), nil)
}

func serving[S stream.ByteStream](l stream.Listener[S]) wait {
	return waiting(func(ctx context.Context) error {
		return l.Serve(ctx, nil, func(ctx context.Context, s S) error { return s.Close(ctx) })
	}, closing(l), nil)
}

// The system tells of a reset once. If only a canceled call was told, the next one is, too.
func TestResetThatACanceledCallHasHeardIsToldAgain(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		b := &bench{t: t, ctx: ctx, backend: backendOf(t, ctx)}
		calls := map[string]func(s *socket.Stream) func(context.Context) error{
			"Receive": func(s *socket.Stream) func(context.Context) error {
				return func(ctx context.Context) error { _, err := s.Receive(ctx, make([]byte, 1)); return err }
			},
			"Send": func(s *socket.Stream) func(context.Context) error {
				return func(ctx context.Context) error { return s.Send(ctx, lots) }
			},
		}
		for name, call := range calls {
			c, s := b.tcp()
			canceled, _ := endedMeanwhile(b, kind{news: true}, waiting(call(c), aborting(s), nil))
			if !errors.Is(canceled, anyio.ErrCanceled) {
				t.Errorf("%s: %v, want the cancellation", name, canceled)
			}
			if _, err := c.Receive(ctx, make([]byte, 1)); !errors.Is(err, syscall.ECONNRESET) {
				t.Errorf("Receive after %s: %v, want the reset", name, err)
			}
			b.check(c.Close(ctx))
		}
	})
}

var sockets = []kind{
	{name: "TCP receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		c, s := b.tcp()
		return receiving(c, closing(c, s), nil)
	}},
	{name: "TCP receive, the other side closes", news: true, make: func(b *bench) wait {
		c, s := b.tcp()
		return receiving(c, closing(s), closing(c))
	}},
	{name: "TCP receive, the other side resets", news: true, make: func(b *bench) wait {
		c, s := b.tcp()
		return receiving(c, aborting(s), closing(c))
	}},
	{name: "TCP send, the other side resets", news: true, make: func(b *bench) wait {
		c, s := b.tcp()
		return sending(c, aborting(s), closing(c))
	}},
	{name: "TCP send", want: anyio.ErrClosed, make: func(b *bench) wait {
		c, s := b.tcp()
		return sending(c, closing(c, s), nil)
	}},
	{name: "TCP abort", want: anyio.ErrClosed, make: func(b *bench) wait {
		c, s := b.tcp()
		return receiving(c, func(ctx context.Context) { _ = c.Abort(ctx) }, closing(s))
	}},
	{name: "TCP accept", want: anyio.ErrClosed, make: func(b *bench) wait { return accepting(b.listener()) }},
	{name: "Connections", make: func(b *bench) wait { // the end of the listener is that of the sequence
		l := b.listener()
		return waiting(func(ctx context.Context) error {
			for s, err := range stream.Connections(ctx, l) {
				if err != nil {
					return err
				}
				_ = s.Close(ctx)
			}
			return nil
		}, closing(l), nil)
	}},
	{name: "Pieces", want: anyio.ErrClosed, make: func(b *bench) wait {
		c, s := b.tcp()
		return waiting(func(ctx context.Context) error {
			for _, err := range stream.Pieces(ctx, c, 10) {
				if err != nil {
					return err
				}
			}
			return nil
		}, closing(c, s), nil)
	}},
	{name: "TCP borrowed receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		c, s := b.tcp()
		return waiting(func(ctx context.Context) error {
			var b stream.Borrowed
			_, err := c.ReceiveBorrowed(ctx, &b, 10)
			return err
		}, closing(c, s), nil)
	}},
	{name: "TCP serve", want: anyio.ErrClosed, make: func(b *bench) wait { return serving(b.listener()) }},
	{name: "TCP serve, full", want: anyio.ErrClosed, make: func(b *bench) wait {
		l := must[*socket.TCPListener](b)(socket.ListenConfig{MaxConnections: 1}.ListenTCP(b.ctx, "127.0.0.1", 0))
		first := must[*socket.Stream](b)(socket.DialTCP(b.ctx, "127.0.0.1", l.Port()))
		second := must[*socket.Stream](b)(socket.DialTCP(b.ctx, "127.0.0.1", l.Port()))
		w := waiting(func(ctx context.Context) error {
			return l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error {
				defer s.Close(ctx)
				return anyio.SleepForever(ctx)
			})
		}, closing(l), closing(first, second))
		w.last = "Listener.Serve" // not the one to accept the second
		return w
	}},
	{name: "TCP accept at two sockets", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		return accepting(must[*socket.TCPListener](b)(socket.ListenTCP(b.ctx, "localhost", 0)))
	}},
	{name: "TCP serve at two sockets", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		return serving(must[*socket.TCPListener](b)(socket.ListenTCP(b.ctx, "localhost", 0)))
	}},
	{name: "TCP dial", unended: true, few: true, only: real, make: func(b *bench) wait {
		l := must[*socket.TCPListener](b)(socket.ListenConfig{Backlog: 1}.ListenTCP(b.ctx, "127.0.0.1", 0))
		full := []anyio.Resource{l}
		for range 2 { // what the backlog has room for
			full = append(full, must[*socket.Stream](b)(socket.DialTCP(b.ctx, "127.0.0.1", l.Port())))
		}
		return waiting(func(ctx context.Context) error {
			for {
				c, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
				if err != nil {
					return err
				}
				full = append(full, c)
			}
		}, closing(l), func(ctx context.Context) { closing(full...)(ctx) })
	}},
	{name: "UNIX receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		c, s := b.unix()
		return receiving(c, closing(c, s), nil)
	}},
	{name: "UNIX send", want: anyio.ErrClosed, make: func(b *bench) wait {
		c, s := b.unix()
		return sending(c, closing(c, s), nil)
	}},
	{name: "UNIX accept", want: anyio.ErrClosed, make: func(b *bench) wait { return accepting(b.unixListener()) }},
	{name: "UNIX serve", want: anyio.ErrClosed, make: func(b *bench) wait { return serving(b.unixListener()) }},
	{name: "UNIX receive, the other side closes", news: true, make: func(b *bench) wait {
		c, s := b.unix()
		return receiving(c, closing(s), closing(c))
	}},
	{name: "UNIX receive, the other side resets", news: true, make: func(b *bench) wait {
		c, s := b.unix()
		b.check(c.Send(b.ctx, []byte("never read")))
		return receiving(c, closing(s), closing(c))
	}},
	{name: "UNIX send, the other side closes", news: true, make: func(b *bench) wait {
		c, s := b.unix()
		return sending(c, closing(s), closing(c))
	}},
	{name: "ReceiveFiles, the other side closes", news: true, only: real, make: func(b *bench) wait {
		c, s := b.unix()
		return waiting(func(ctx context.Context) error {
			_, _, err := c.ReceiveFiles(ctx, make([]byte, 10), 1)
			return err
		}, closing(s), closing(c))
	}},
	{name: "ReceiveFiles", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		c, s := b.unix()
		return waiting(func(ctx context.Context) error {
			_, _, err := c.ReceiveFiles(ctx, make([]byte, 10), 1)
			return err
		}, closing(c, s), nil)
	}},
	{name: "SendFiles", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		c, s := b.unix()
		return waiting(func(ctx context.Context) error { return c.SendFiles(ctx, lots, os.Stdin) }, closing(c, s), nil)
	}},
}

// aborting is end for what is reset by the other side.
func aborting(s *socket.Stream) func(ctx context.Context) {
	return func(ctx context.Context) { _ = s.Abort(ctx) }
}

// filling sends small pieces until there is no more room.
func filling(send func(ctx context.Context, piece []byte) error, end, free func(context.Context)) wait {
	return waiting(func(ctx context.Context) error {
		for {
			if err := send(ctx, []byte("piece")); err != nil {
				return err
			}
		}
	}, end, free)
}

var datagrams = []kind{
	{name: "UDP receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		u := must[*socket.UDPSocket](b)(socket.ListenUDP(b.ctx, "127.0.0.1", 0))
		return waiting(func(ctx context.Context) error { _, err := u.Receive(ctx); return err }, closing(u), nil)
	}},
	{name: "connected UDP receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		u := must[*socket.ConnectedUDPSocket](b)(socket.DialUDP(b.ctx, "127.0.0.1", 9))
		return waiting(func(ctx context.Context) error { _, err := u.Receive(ctx); return err }, closing(u), nil)
	}},
	{name: "connected UDP receive, nobody is there", news: true, make: func(b *bench) wait {
		u := must[*socket.ConnectedUDPSocket](b)(socket.DialUDP(b.ctx, "127.0.0.1", 9))
		return waiting(func(ctx context.Context) error { _, err := u.Receive(ctx); return err },
			func(ctx context.Context) { _ = u.Send(ctx, []byte("?")) }, closing(u))
	}},
	{name: "connected UNIX datagram send, the receiver closes", news: true, several: true, make: func(b *bench) wait {
		r := must[*socket.UnixgramSocket](b)(socket.ListenUnixgram(b.ctx, b.path("r")))
		u := must[*socket.ConnectedUnixgramSocket](b)(socket.DialUnixgram(b.ctx, b.path("r")))
		return filling(u.Send, closing(r), closing(u))
	}},
	{name: "UNIX datagram receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		u := must[*socket.UnixgramSocket](b)(socket.ListenUnixgram(b.ctx, b.path("d")))
		return waiting(func(ctx context.Context) error { _, err := u.Receive(ctx); return err }, closing(u), nil)
	}},
	{name: "UNIX datagram send", several: true, want: anyio.ErrClosed, make: func(b *bench) wait {
		r := must[*socket.UnixgramSocket](b)(socket.ListenUnixgram(b.ctx, b.path("r")))
		u := must[*socket.UnixgramSocket](b)(socket.ListenUnixgram(b.ctx, b.path("d")))
		send := func(ctx context.Context, p []byte) error { return u.SendTo(ctx, p, b.path("r")) }
		return filling(send, closing(u), closing(r))
	}},
	{name: "connected UNIX datagram send", several: true, want: anyio.ErrClosed, make: func(b *bench) wait {
		r := must[*socket.UnixgramSocket](b)(socket.ListenUnixgram(b.ctx, b.path("r")))
		u := must[*socket.ConnectedUnixgramSocket](b)(socket.DialUnixgram(b.ctx, b.path("r")))
		return filling(u.Send, closing(u), closing(r))
	}},
}

// descriptors are waited for as such.
var descriptors = []kind{
	{name: "WaitReadable", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		fd := b.pair()
		return waiting(func(ctx context.Context) error { return socket.WaitReadable(ctx, fd[0]) },
			func(ctx context.Context) { socket.NotifyClosing(ctx, fd[0]) }, fd.close)
	}},
	{name: "WaitWritable", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		fd := b.pair()
		for {
			if _, err := syscall.Write(fd[0], lots); err != nil {
				break // full
			}
		}
		return waiting(func(ctx context.Context) error { return socket.WaitWritable(ctx, fd[0]) },
			func(ctx context.Context) { socket.NotifyClosing(ctx, fd[0]) }, fd.close)
	}},
}

// A pair is two sockets that are connected to each other.
type pair [2]int

func (b *bench) pair() pair {
	fd := must[[2]int](b)(syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0))
	b.check(syscall.SetNonblock(fd[0], true))
	return fd
}

func (p pair) close(context.Context) {
	_ = syscall.Close(p[0])
	_ = syscall.Close(p[1])
}

// noDeadlines hides what makes the calls of a connection interruptible.
type noDeadlines struct{ net.Conn }
