package tlsstream_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// noDeadlines is a net.Conn whose calls cannot be interrupted.
type noDeadlines struct{ net.Conn }

func (noDeadlines) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (noDeadlines) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (noDeadlines) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// tcp makes a connection over the loopback.
func tcp(ctx context.Context) (a, b stream.ByteStream, err error) {
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = l.Close(ctx) }()
	if a, err = socket.DialTCP(ctx, "127.0.0.1", l.Port()); err == nil {
		b, err = l.Accept(ctx)
	}
	return a, b, err
}

// ended reports whether an error is one that the end of a stream may be told by.
func ended(err error) bool {
	return errors.Is(err, anyio.ErrClosed) || errors.Is(err, anyio.ErrBroken) || errors.Is(err, anyio.ErrEndOfStream)
}

// Whatever is canceled and closed by whomever, what arrives is the beginning of what
// was sent, errors are those that there are for it, and everybody comes to an end.
func TestStormOfCancellationsAndCloses(t *testing.T) {
	pairs := map[string]func(t *testing.T, ctx context.Context) (a, b stream.ByteStream, err error){
		"pipe": func(*testing.T, context.Context) (a, b stream.ByteStream, err error) {
			a, b = stream.Pipe(500)
			return a, b, nil
		},
		"tcp": func(_ *testing.T, ctx context.Context) (a, b stream.ByteStream, err error) { return tcp(ctx) },
		"net.Conn": func(*testing.T, context.Context) (a, b stream.ByteStream, err error) {
			x, y := net.Pipe()
			return socket.FromConn(x), socket.FromConn(y), nil
		},
		"net.Conn without deadlines": func(*testing.T, context.Context) (a, b stream.ByteStream, err error) {
			x, y := net.Pipe()
			return socket.FromConn(noDeadlines{x}), socket.FromConn(noDeadlines{y}), nil
		},
		"tls": func(_ *testing.T, ctx context.Context) (a, b stream.ByteStream, err error) {
			x, y, err := tcp(ctx)
			if err != nil {
				return nil, nil, err
			}
			c, s, cerr, serr := shake(ctx, x, y, side{config: clientConfig()}, side{config: serverConfig()})
			return c, s, errors.Join(cerr, serr)
		},
	}
	for name, pair := range pairs {
		t.Run(name, func(t *testing.T) {
			var opts []anyiotest.Option
			if strings.HasPrefix(name, "net.Conn") {
				opts = append(opts, anyiotest.Skip("sim", "virtual time stands still while a call waits for the world outside"))
			}
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				for range 12 {
					a, b, err := pair(t, ctx)
					if err != nil {
						t.Fatal(err)
					}
					if err := oneStorm(ctx, a, b); err != nil {
						t.Error(err)
					}
				}
			}, opts...)
		})
	}
}

func oneStorm(ctx context.Context, a, b stream.ByteStream) error {
	seeds := make([]*rand.Rand, 3)
	for i := range seeds {
		seeds[i] = rand.New(rand.NewPCG(anyio.Rand(ctx).Uint64(), uint64(i)))
	}
	var sent atomic.Int64 // by Sends that have begun
	byteAt := func(i int64) byte { return byte(i * 7 >> 3) }
	counts := false
	if _, ok := a.(stream.CountingSender); ok {
		counts = true
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			for at, r := int64(0), seeds[0]; ; {
				data := make([]byte, 1+r.IntN(3000))
				for i := range data {
					data[i] = byteAt(at + int64(i))
				}
				sent.Store(at + int64(len(data)))
				var n int
				_, err := anyio.MoveOnAfter(ctx, time.Duration(r.IntN(400))*time.Microsecond, func(ctx context.Context) (err error) {
					if counts {
						n, err = a.(stream.CountingSender).SendCounted(ctx, data)
						return err
					}
					if err = a.Send(ctx, data); err == nil {
						n = len(data)
					}
					return err
				})
				if at += int64(n); ended(err) {
					return nil
				} else if err != nil {
					return fmt.Errorf("sending: %w", err)
				}
				if err := anyio.Sleep(ctx, time.Duration(1+r.IntN(200))*time.Microsecond); err != nil { // so that virtual time goes on
					return err
				}
			}
		})
		tg.Go(func(ctx context.Context) error {
			r, got := seeds[1], int64(0)
			for {
				buf := make([]byte, 1+r.IntN(2000))
				n := 0
				_, err := anyio.MoveOnAfter(ctx, time.Duration(r.IntN(400))*time.Microsecond, func(ctx context.Context) (err error) {
					n, err = b.Receive(ctx, buf)
					return err
				})
				for _, c := range buf[:n] {
					if c != byteAt(got) {
						return fmt.Errorf("byte %d is %d, want %d", got, c, byteAt(got))
					}
					got++
				}
				if got > sent.Load() {
					return fmt.Errorf("%d bytes have arrived, only %d were sent", got, sent.Load())
				}
				if ended(err) {
					return nil
				} else if err != nil {
					return fmt.Errorf("receiving: %w", err)
				}
			}
		})
		r := seeds[2]
		if err := anyio.Sleep(ctx, time.Duration(r.IntN(5000))*time.Microsecond); err != nil {
			return err
		}
		first, second := a, b
		if r.IntN(2) == 0 {
			first, second = b, a
		}
		done := make(chan error, 1)
		if r.IntN(2) == 0 { // from a goroutine of nobody
			_, err := anyio.RunBlockingValue(ctx, func() (any, error) {
				go func() { done <- anyio.CloseForcefully(ctx, first) }()
				return nil, <-done
			})
			if err != nil && !ended(err) {
				return fmt.Errorf("closing: %w", err)
			}
		} else if err := first.Close(ctx); err != nil {
			return fmt.Errorf("closing: %w", err)
		}
		return anyio.CloseForcefully(ctx, second)
	})
}
