package simnet_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

// outcome is what matters of an error: the operation, the network, the cause.
func outcome(err error) string {
	var op *net.OpError
	switch {
	case err == nil:
		return "ok"
	case err == io.EOF:
		return "EOF"
	case !errors.As(err, &op):
		return fmt.Sprintf("%T %v", err, err)
	}
	cause := op.Err
	if sys, ok := errors.AsType[*os.SyscallError](cause); ok {
		cause = sys.Err
	}
	return fmt.Sprintf("%s %s: %v", op.Op, op.Net, cause)
}

// A lab has what scenarios need, and writes down what happens.
type lab struct {
	t   *testing.T
	k   kernel.Network
	dir string // for UNIX sockets
	log []string
}

func (l *lab) see(what string, err error) { l.log = append(l.log, what+": "+outcome(err)) }

func (l *lab) read(ctx context.Context, what string, c kernel.StreamConn, n int) {
	var got []byte
	for len(got) < n {
		buf := make([]byte, n-len(got))
		k, err := c.Read(ctx, buf)
		got = append(got, buf[:k]...)
		if err != nil {
			l.see(fmt.Sprintf("%s, after %q", what, got), err)
			return
		}
	}
	l.log = append(l.log, fmt.Sprintf("%s: %q", what, got))
}

// writeOn writes until that fails.
func (l *lab) writeOn(ctx context.Context, what string, c kernel.StreamConn) {
	for {
		if _, err := c.Write(ctx, make([]byte, 1000)); err != nil {
			l.see(what, err)
			return
		}
	}
}

// pairs calls f with a TCP and a UNIX connection.
func (l *lab) pairs(ctx context.Context, f func(kind string, a, b kernel.StreamConn)) {
	tcp := kernel.SocketOptions{Network: "tcp4", Local: at("127.0.0.1", 0)}
	unix := unixOptions(filepath.Join(l.dir, "pair"), "")
	for _, o := range []kernel.SocketOptions{tcp, unix} {
		ln, err := l.k.ListenStream(ctx, o)
		if err != nil {
			l.t.Fatal(err)
		}
		a, err := l.k.DialStream(ctx, kernel.SocketOptions{Network: o.Network, Remote: ln.LocalAddr()})
		if err != nil {
			l.t.Fatal(err)
		}
		b, err := ln.Accept(ctx)
		if err != nil {
			l.t.Fatal(err)
		}
		f(o.Network, a, b)
		_, _, _ = a.Close(), b.Close(), ln.Close()
		_ = l.k.RemoveSocketFile(ctx, o.Local.Path)
	}
}

func write(ctx context.Context, c kernel.StreamConn, text string) error {
	_, err := c.Write(ctx, []byte(text))
	return err
}

// scenarios wait only by reading, so that they mean the same on a real network.
var scenarios = map[string]func(ctx context.Context, l *lab){
	"orderly end": func(ctx context.Context, l *lab) {
		l.pairs(ctx, func(kind string, a, b kernel.StreamConn) {
			l.see("write", write(ctx, a, "data"))
			l.see("half-close", a.CloseWrite())
			l.see("write after half-close", write(ctx, a, "x"))
			l.see("half-close again", a.CloseWrite())
			l.read(ctx, "read", b, 4)
			l.read(ctx, "read the end", b, 1)
			l.read(ctx, "read the end again", b, 1)
			l.see("answer", write(ctx, b, "answer"))
			l.see("close", b.Close())
			l.read(ctx, "read the answer", a, 6)
			l.read(ctx, "read the end", a, 1)
		})
	},
	"peer gone": func(ctx context.Context, l *lab) {
		l.pairs(ctx, func(kind string, a, b kernel.StreamConn) {
			l.see("close", a.Close())
			l.read(ctx, "read", b, 1)
			if kind == "unix" {
				l.writeOn(ctx, "write", b)
			} else { // the first packet brings a reset: which call is told is a race
				for write(ctx, b, "x") == nil {
				}
			}
			l.see("then", write(ctx, b, "x"))
		})
	},
	"unread data": func(ctx context.Context, l *lab) {
		l.pairs(ctx, func(kind string, a, b kernel.StreamConn) {
			l.see("write", write(ctx, a, "ping"))
			l.read(ctx, "read a part", b, 2)
			l.see("close", b.Close())
			l.read(ctx, "read", a, 1)
			l.read(ctx, "read again", a, 1)
			l.see("write", write(ctx, a, "x"))
		})
	},
	"abort": func(ctx context.Context, l *lab) {
		l.pairs(ctx, func(kind string, a, b kernel.StreamConn) {
			if kind == "unix" {
				return
			}
			l.see("abort", a.Abort())
			l.read(ctx, "read", b, 1)
			l.read(ctx, "read again", b, 1)
			l.see("half-close", b.CloseWrite())
			l.see("write", write(ctx, b, "x"))
		})
	},
	"closed": func(ctx context.Context, l *lab) {
		l.pairs(ctx, func(kind string, a, b kernel.StreamConn) {
			l.see("close", a.Close())
			l.see("close again", a.Close())
			l.see("half-close", a.CloseWrite())
			l.see("write", write(ctx, a, "x"))
			l.read(ctx, "read", a, 1)
		})
	},
	"listeners": func(ctx context.Context, l *lab) {
		o := kernel.SocketOptions{Network: "tcp4", Local: at("127.0.0.1", 0)}
		ln, err := l.k.ListenStream(ctx, o)
		l.see("listen", err)
		o.Local = ln.LocalAddr()
		_, err = l.k.ListenStream(ctx, o)
		l.see("listen again", err)
		c, err := l.k.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: o.Local})
		l.see("dial", err)
		l.see("close", ln.Close())
		l.read(ctx, "read from what nobody accepted", c, 1)
		_ = c.Close()
		_, err = l.k.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: o.Local})
		l.see("dial", err)
		_, err = ln.Accept(ctx)
		l.see("accept", err)
		o.Local = at("192.0.2.1", 0)
		_, err = l.k.ListenStream(ctx, o)
		l.see("listen on a foreign address", err)
	},
	"datagrams": func(ctx context.Context, l *lab) {
		s, err := l.k.OpenPacket(ctx, kernel.SocketOptions{Network: "udp4", Local: at("127.0.0.1", 0)})
		l.see("open", err)
		_, err = l.k.OpenPacket(ctx, kernel.SocketOptions{Network: "udp4", Local: s.LocalAddr()})
		l.see("open again", err)
		c, err := l.k.OpenPacket(ctx, kernel.SocketOptions{Network: "udp4", Remote: s.LocalAddr()})
		l.see("connect", err)
		l.see("write too much", c.WriteTo(ctx, make([]byte, 65508), kernel.Addr{}))
		l.see("write nothing", c.WriteTo(ctx, nil, kernel.Addr{}))
		n, _, err := s.ReadFrom(ctx, make([]byte, 10))
		l.see(fmt.Sprintf("read %d", n), err)
		l.see("close", s.Close())
		l.see("write to nobody", c.WriteTo(ctx, []byte("x"), kernel.Addr{}))
		_, _, err = c.ReadFrom(ctx, make([]byte, 10))
		l.see("read", err)
		l.see("close", c.Close())
		_, _, err = c.ReadFrom(ctx, make([]byte, 10))
		l.see("read", err)
		l.see("write", c.WriteTo(ctx, nil, kernel.Addr{}))
	},
	"UNIX files": func(ctx context.Context, l *lab) {
		path := filepath.Join(l.dir, "s")
		dial := func() error {
			c, err := l.k.DialStream(ctx, unixOptions("", path))
			if err == nil {
				_ = c.Close()
			}
			return err
		}
		l.see("dial nothing", dial())
		ln, err := l.k.ListenStream(ctx, unixOptions(path, ""))
		l.see("listen", err)
		_, err = l.k.ListenStream(ctx, unixOptions(path, ""))
		l.see("listen again", err)
		_, err = l.k.OpenPacket(ctx, unixgramOptions("", path))
		l.see("datagrams to it", err)
		l.see("dial", dial())
		l.see("close", ln.Close())
		l.see("dial what is closed", dial())
		l.see("remove", l.k.RemoveSocketFile(ctx, path))
		l.see("remove again", l.k.RemoveSocketFile(ctx, path))
		l.see("dial what is removed", dial())
		s, err := l.k.OpenPacket(ctx, unixgramOptions(path, ""))
		l.see("open", err)
		l.see("dial a datagram socket", dial())
		l.see("close", s.Close())
		_, err = l.k.OpenPacket(ctx, unixgramOptions("", path))
		l.see("connect to what is closed", err)
	},
}

// TestOutcomesAreThoseOfTheLoopback plays the same scenarios over the system's
// sockets and over simulated ones.
func TestOutcomesAreThoseOfTheLoopback(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the simulated network is modeled on Linux")
	}
	for name, scenario := range scenarios {
		t.Run(name, func(t *testing.T) {
			play := func(b anyio.Backend, dir string) []string {
				l := &lab{t: t, dir: dir}
				err := anyio.Run(context.Background(), func(ctx context.Context) error {
					l.k = kernel.NetworkOf(ctx)
					scenario(ctx, l)
					return nil
				}, anyio.On(b))
				wantNil(t, b.Name(), err)
				return l.log
			}
			real := play(anyio.Parallel(), t.TempDir())
			for seed := range uint64(3) {
				simulated := play(sim.New(sim.Config{Seed: seed}), "/run")
				for i := range max(len(real), len(simulated)) {
					a, b := "nothing", "nothing"
					if i < len(real) {
						a = real[i]
					}
					if i < len(simulated) {
						b = simulated[i]
					}
					if a != b {
						t.Errorf("seed %d, step %d:\nloopback  %s\nsimulator %s", seed, i, a, b)
					}
				}
			}
		})
	}
}
