package anyiotest

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// byteAt is the byte at a position of a test's data, so that one that is lost,
// doubled, or out of place shows.
func byteAt(i int) byte { return byte(i ^ i>>8 ^ i>>16) }

func pattern(n int) []byte {
	data := make([]byte, n)
	for i := range data {
		data[i] = byteAt(i)
	}
	return data
}

// checkByteOrder sends chunks of many sizes and receives into buffers of others.
func checkByteOrder(p *bytePair, ctx context.Context) {
	const size = 20_000
	data := pattern(size)
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		tg.Go(func(ctx context.Context) error {
			for from, n := 0, 1; from < size; from, n = from+n, n*3%1009 {
				if err := p.a.Send(ctx, data[from:min(from+n, size)]); err != nil {
					return err
				}
			}
			return nil
		}, anyio.Name("sender"))
		buf := make([]byte, 2048)
		for got, room := 0, 1; got < size; room = room * 5 % 2039 {
			n, err := p.b.Receive(ctx, buf[:room])
			if err != nil || n < 1 || n > room {
				p.fail("received %d, %v after %d bytes, with room for %d", n, err, got, room)
				tg.Cancel("the rule is broken")
				return
			}
			for i, c := range buf[:n] {
				if got+i >= size || c != data[got+i] {
					p.fail("byte %d is %#x, want %#x", got+i, c, byteAt(got+i))
					tg.Cancel("the rule is broken")
					return
				}
			}
			got += n
		}
	})
}

// checkTransfer sends a mebibyte in both directions at once.
func checkTransfer(p *bytePair, ctx context.Context) {
	const size = 1 << 20
	data := pattern(size)
	want := crc32.ChecksumIEEE(data)
	send := func(s stream.ByteStream, seed uint64) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			rng := rand.New(rand.NewPCG(seed, 0))
			for rest := data; len(rest) > 0; {
				n := min(len(rest), 1+rng.IntN(100_000))
				if err := s.Send(ctx, rest[:n]); err != nil {
					return fmt.Errorf("after %d bytes: Send: %w", size-len(rest), err)
				}
				rest = rest[n:]
			}
			return nil
		}
	}
	receive := func(s stream.ByteStream, seed uint64) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			rng := rand.New(rand.NewPCG(seed, 0))
			sum, buf := uint32(0), make([]byte, 70_000)
			for left := size; left > 0; {
				room := min(left, 1+rng.IntN(len(buf)))
				n, err := s.Receive(ctx, buf[:room])
				if err != nil || n < 1 || n > room {
					return fmt.Errorf("with %d bytes to come: Receive: %d, %w", left, n, err)
				}
				sum, left = crc32.Update(sum, crc32.IEEETable, buf[:n]), left-n
			}
			if sum != want {
				return errors.New("the checksum of what was received is not that of what was sent")
			}
			return nil
		}
	}
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		tg.Go(send(p.a, 1), anyio.Name("a sends"))
		tg.Go(send(p.b, 2), anyio.Name("b sends"))
		tg.Go(receive(p.a, 3), anyio.Name("a receives"))
		tg.Go(receive(p.b, 4), anyio.Name("b receives"))
	})
}

func checkBytesCanceledScope(p *bytePair, ctx context.Context) {
	inCanceled := func(name string, call func(ctx context.Context) error) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("before the call")
			p.wantErr(name+" in a canceled scope", call(ctx), anyio.ErrCanceled)
			return nil
		})
		p.wantErr("the scope", err, nil)
	}
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		inCanceled("Send", func(ctx context.Context) error { return p.a.Send(ctx, []byte("lost")) })
		sendIn(tg, p.a, "kept")
		p.idle(ctx)
		inCanceled("Receive", p.receiveB)
		p.wantData(ctx, p.b, "kept")
	})
}

// shortWait is a deadline for calls that would wait forever.
const shortWait = 2 * time.Millisecond

func checkBytesDeadline(p *bytePair, ctx context.Context) {
	p.wantErr("Receive", anyio.FailAfter(ctx, shortWait, p.receiveB), anyio.ErrTimeout)
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		sendIn(tg, p.a, "afterwards")
		p.wantData(ctx, p.b, "afterwards")
	})
}

func checkBytesSendDeadline(p *bytePair, ctx context.Context) {
	p.wantErr("Send", anyio.FailAfter(ctx, shortWait, p.sendMuch), anyio.ErrTimeout)
}

// cancelByteStream checks that what is received is what was sent, wherever sending
// and receiving are canceled. The byte whose Send was canceled may come or not.
func cancelByteStream(t testing.TB, makePair MakeBytePair, opts []Option) {
	t.Helper()
	const n = 6
	cancelEverywhere(t, func() Scenario {
		var a, b stream.ByteStream
		var sent int
		var received []byte
		collect := func(ctx context.Context) error {
			var buf [2]byte
			for {
				n, err := b.Receive(ctx, buf[:])
				received = append(received, buf[:n]...)
				if errors.Is(err, anyio.ErrEndOfStream) {
					return nil
				} else if err != nil {
					return err
				}
			}
		}
		return Scenario{
			SetUp: func(ctx context.Context) (err error) {
				a, b, err = makePair(ctx)
				return err
			},
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						for i := range n {
							if err := a.Send(ctx, []byte{byte(i)}); err != nil {
								return err
							}
							sent++
						}
						return a.Close(ctx)
					}, anyio.Name("sender"))
					return collect(ctx)
				})
			},
			Check: func(ctx context.Context, err error) error {
				err = errors.Join(err, anyio.CloseForcefully(ctx, a))
				if end := collect(ctx); !errors.Is(end, anyio.ErrBroken) {
					err = errors.Join(err, end)
				}
				err = errors.Join(err, anyio.CloseForcefully(ctx, b))
				right := len(received) == sent || len(received) == sent+1
				for i, c := range received {
					right = right && int(c) == i
				}
				if err == nil && !right {
					err = fmt.Errorf("want: no cancellation of Receive loses or doubles a byte\ngot:  sent %d bytes, 0 to %d, received %d", sent, sent-1, received)
				}
				return err
			},
		}
	}, *cancelAtFlag, opts)
}
