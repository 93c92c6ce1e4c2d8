//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

const messageSize = 64

// BenchmarkEcho sends 64 bytes and waits for their return, over so many
// connections at once; both ends belong to the same loop, or to goroutines over
// package net. The loop uses one processor, the goroutines all, so the processor
// time of both ends is told, too.
func BenchmarkEcho(b *testing.B) {
	for _, conns := range []int{1, 64} {
		b.Run(fmt.Sprintf("conns=%d/on=eventloop", conns), func(b *testing.B) {
			run(b, func(ctx context.Context, n kernel.Network) error {
				l := listenTCP(b, ctx)
				defer l.Close()
				var begin time.Duration
				group(b, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					tg.Go(func(ctx context.Context) error { return serve(ctx, tg, l) })
					group(b, ctx, func(ctx context.Context, clients *anyio.TaskGroup) {
						for i := range conns {
							c := must[kernel.StreamConn](b)(dial(ctx, l, "tcp"))
							rounds := share(b.N, conns, i)
							clients.Go(func(ctx context.Context) error {
								defer c.Close()
								buf := make([]byte, messageSize)
								for range rounds {
									if _, err := c.Write(ctx, buf); err != nil {
										return err
									}
									if _, err := c.Read(ctx, buf); err != nil {
										return err
									}
								}
								return nil
							})
						}
						b.ResetTimer()
						begin = cpuTime(b)
					})
					b.StopTimer()
					b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
					tg.Cancel("done")
				})
				return nil
			})
		})
		b.Run(fmt.Sprintf("conns=%d/on=net", conns), func(b *testing.B) {
			l := must[net.Listener](b)(net.Listen("tcp4", "127.0.0.1:0"))
			defer l.Close()
			go serveNet(l)
			var clients sync.WaitGroup
			start := make(chan bool)
			for i := range conns {
				c := must[net.Conn](b)(net.Dial("tcp4", l.Addr().String()))
				rounds := share(b.N, conns, i)
				clients.Go(func() {
					defer c.Close()
					<-start
					buf := make([]byte, messageSize)
					for range rounds {
						if _, err := c.Write(buf); err != nil {
							b.Error(err)
						}
						if _, err := c.Read(buf); err != nil {
							b.Error(err)
						}
					}
				})
			}
			b.ResetTimer()
			begin := cpuTime(b)
			close(start)
			clients.Wait()
			b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N), "cpu-ns/op")
		})
	}
}

// BenchmarkConnect dials, exchanges 64 bytes and closes.
func BenchmarkConnect(b *testing.B) {
	b.Run("on=eventloop", func(b *testing.B) {
		run(b, func(ctx context.Context, n kernel.Network) error {
			l := listenTCP(b, ctx)
			defer l.Close()
			group(b, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error { return serve(ctx, tg, l) })
				buf := make([]byte, messageSize)
				for b.Loop() {
					c := must[kernel.StreamConn](b)(dial(ctx, l, "tcp"))
					if _, err := c.Write(ctx, buf); err != nil {
						b.Error(err)
					}
					if _, err := c.Read(ctx, buf); err != nil {
						b.Error(err)
					}
					c.Close()
				}
				tg.Cancel("done")
			})
			return nil
		})
	})
	b.Run("on=net", func(b *testing.B) {
		l := must[net.Listener](b)(net.Listen("tcp4", "127.0.0.1:0"))
		defer l.Close()
		go serveNet(l)
		buf := make([]byte, messageSize)
		for b.Loop() {
			c := must[net.Conn](b)(net.Dial("tcp4", l.Addr().String()))
			if _, err := c.Write(buf); err != nil {
				b.Error(err)
			}
			if _, err := io.ReadFull(c, buf); err != nil {
				b.Error(err)
			}
			c.Close()
		}
	})
}

// cpuTime is what the process has used of the processors.
func cpuTime(b *testing.B) time.Duration {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBulk sends 64 KiB at a time to a reader that takes as much.
func BenchmarkBulk(b *testing.B) {
	const size = 64 << 10
	measure := func(b *testing.B, write, read func(p []byte) (int, error), together func(writer, reader func())) {
		b.SetBytes(size)
		begin := cpuTime(b)
		together(func() {
			buf := make([]byte, size)
			for range b.N {
				if _, err := write(buf); err != nil {
					b.Error(err)
					return
				}
			}
		}, func() {
			buf := make([]byte, size)
			for left := b.N * size; left > 0; {
				n, err := read(buf)
				if err != nil {
					b.Error(err)
					return
				}
				left -= n
			}
		})
		b.ReportMetric(float64(cpuTime(b)-begin)/float64(b.N)/size, "cpu-s/GB")
	}
	b.Run("on=eventloop", func(b *testing.B) {
		run(b, func(ctx context.Context, n kernel.Network) error {
			x, y := tcpPair(b, ctx)
			defer x.Close()
			defer y.Close()
			measure(b, func(p []byte) (int, error) { return x.Write(ctx, p) }, func(p []byte) (int, error) { return y.Read(ctx, p) },
				func(writer, reader func()) {
					group(b, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
						tg.Go(func(context.Context) error { writer(); return nil })
						reader()
					})
				})
			return nil
		})
	})
	b.Run("on=net", func(b *testing.B) {
		l := must[net.Listener](b)(net.Listen("tcp4", "127.0.0.1:0"))
		defer l.Close()
		x := must[net.Conn](b)(net.Dial("tcp4", l.Addr().String()))
		defer x.Close()
		y := must[net.Conn](b)(l.Accept())
		defer y.Close()
		measure(b, x.Write, y.Read, func(writer, reader func()) {
			var both sync.WaitGroup
			both.Go(writer)
			both.Go(reader)
			both.Wait()
		})
	})
}

// share is how many of n rounds the i-th of so many connections makes.
func share(n, conns, i int) int { return (n + conns - 1 - i) / conns }

func serveNet(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			defer c.Close()
			buf := make([]byte, 1000)
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
	}
}
