package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// Whatever is canceled, what SendCounted says was sent is what is received.
func TestPipeCountsAndKeepsEachByteThroughCancellations(t *testing.T) {
	for _, buffer := range []int{0, 1, 50} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			a, b := stream.Pipe(buffer)
			want := pattern(20_000)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					rng := rand.New(rand.NewPCG(1, 2))
					for rest := want; len(rest) > 0; {
						data := rest[:min(len(rest), 1+rng.IntN(300))]
						_, err := anyio.MoveOnAfter(ctx, time.Duration(rng.IntN(20))*time.Microsecond, func(ctx context.Context) error {
							n, err := a.(stream.CountingSender).SendCounted(ctx, data)
							rest = rest[n:]
							return err
						})
						if err != nil {
							return err
						}
					}
					return a.Close(ctx)
				})
				var got []byte
				rng := rand.New(rand.NewPCG(3, 4))
				buf := make([]byte, 200)
				for end := false; !end; {
					_, err := anyio.MoveOnAfter(ctx, time.Duration(rng.IntN(20))*time.Microsecond, func(ctx context.Context) error {
						n, err := b.Receive(ctx, buf[:1+rng.IntN(len(buf))])
						got = append(got, buf[:n]...)
						return err
					})
					if end = errors.Is(err, io.EOF); err != nil && !end {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(got, want) {
					t.Errorf("received %d bytes, not the %d that were sent", len(got), len(want))
				}
			})
			testkit.WantErr(t, b.Close(ctx), nil)
		})
	}
}

// However deadlines are moved while calls go on, no byte is lost or doubled, and no
// call fails but by a timeout.
func TestNetConnKeepsEachByteThroughDeadlines(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(50)
		x, y := stream.NetConn(ctx, a), stream.NetConn(ctx, b)
		want := pattern(5_000)
		var over anyio.Event
		disturb := func(set func(time.Time) error, seed uint64) func(ctx context.Context) error {
			return func(ctx context.Context) error {
				rng := rand.New(rand.NewPCG(seed, 0))
				for n := 0; n < 3_000 && !over.IsSet(); n++ { // a slow machine is never fast enough for these deadlines
					at := anyio.Now(ctx).Add(time.Duration(rng.IntN(30)-10) * time.Microsecond)
					if err := set(at); err != nil {
						return err
					}
					if err := anyio.Sleep(ctx, time.Duration(rng.IntN(30))*time.Microsecond); err != nil {
						return err
					}
				}
				return set(time.Time{})
			}
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(disturb(x.SetWriteDeadline, 1))
			tg.Go(disturb(y.SetReadDeadline, 2))
			tg.Go(func(ctx context.Context) error { return writeThrough(ctx, x, want) })
			got := make([]byte, 0, len(want))
			for len(got) < len(want) {
				n, err := y.Read(got[len(got):min(cap(got), len(got)+100)])
				got = got[:len(got)+n]
				if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
					t.Fatal(err)
				} else if err := anyio.Sleep(ctx, 0); err != nil {
					t.Fatal(err)
				}
			}
			over.Set()
			if !bytes.Equal(got, want) {
				t.Error("what was read is not what was written")
			}
		})
		testkit.WantErr(t, x.Close(), nil)
		testkit.WantErr(t, y.Close(), nil)
	})
}

// writeThrough writes all of data and goes on after timeouts.
func writeThrough(ctx context.Context, c net.Conn, data []byte) error {
	for len(data) > 0 {
		n, err := c.Write(data[:min(len(data), 130)])
		data = data[n:]
		if err != nil && !errors.Is(err, os.ErrDeadlineExceeded) {
			return err
		}
		if err := anyio.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}
