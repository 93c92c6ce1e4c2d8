package netconn_test

import (
	"context"
	"net"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/testkit"
)

// Each operation is a round trip of 64 bytes over loopback; an echo server of the
// same kind answers.
func BenchmarkEcho(b *testing.B) {
	b.Run("conn=net", func(b *testing.B) {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			buf := make([]byte, 64)
			for {
				n, err := c.Read(buf)
				if err != nil {
					return
				}
				if _, err := c.Write(buf[:n]); err != nil {
					return
				}
			}
		}()
		c, err := net.Dial("tcp4", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		defer c.Close()
		buf := make([]byte, 64)
		b.ReportAllocs()
		for b.Loop() {
			if _, err := c.Write(buf); err != nil {
				b.Fatal(err)
			}
			if _, err := c.Read(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("conn=anyio", func(b *testing.B) {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				l, err := network.ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: loopback})
				if err != nil {
					return err
				}
				defer l.Close()
				tg.Go(func(ctx context.Context) error {
					c, err := l.Accept(ctx)
					if err != nil {
						return err
					}
					defer c.Close()
					buf := make([]byte, 64)
					for {
						n, err := c.Read(ctx, buf)
						if err != nil {
							return nil
						}
						if _, err := c.Write(ctx, buf[:n]); err != nil {
							return err
						}
					}
				})
				c, err := network.DialStream(ctx, kernel.SocketOptions{Network: "tcp4", Remote: l.LocalAddr()})
				if err != nil {
					return err
				}
				defer c.Close()
				buf := make([]byte, 64)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := c.Write(ctx, buf); err != nil {
						return err
					}
					if _, err := c.Read(ctx, buf); err != nil {
						return err
					}
				}
				return nil
			})
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// BenchmarkReady is a write and a read on one goroutine of what is there already: a
// pair of UNIX sockets, so that nothing ever waits.
func BenchmarkReady(b *testing.B) {
	a, z := unixPair(b)
	buf := make([]byte, 64)
	b.Run("conn=net", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := a.Write(buf); err != nil {
				b.Fatal(err)
			}
			if _, err := z.Read(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("conn=anyio", func(b *testing.B) {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			a, z := netconn.FromConn(a), netconn.FromConn(z)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := a.Write(ctx, buf); err != nil {
					return err
				}
				if _, err := z.Read(ctx, buf); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
}

// unixPair makes two connected UNIX sockets of package net.
func unixPair(t testing.TB) (a, z net.Conn) {
	t.Helper()
	testkit.NeedUnix(t)
	l, err := net.Listen("unix", t.TempDir()+"/s")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if a, err = net.Dial("unix", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.Close() })
	if z, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = z.Close() })
	return a, z
}
