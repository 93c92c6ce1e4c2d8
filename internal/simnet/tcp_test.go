package simnet_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

// pattern is size bytes that are easy to tell from each other.
func pattern(from byte, size int) []byte {
	p := make([]byte, size)
	for i := range p {
		p[i] = from + byte(i*7) + byte(i>>8)*13
	}
	return p
}

// transfer writes data to one end, in pieces of random size, reads it from the
// other one likewise, and says what was wrong.
func transfer(ctx context.Context, from, to kernel.StreamConn, data []byte) error {
	var got []byte
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		rand := anyio.Rand(ctx)
		tg.Go(func(ctx context.Context) error {
			for rest := data; len(rest) > 0; {
				k := min(len(rest), 1+rand.IntN(5000))
				if _, err := from.Write(ctx, rest[:k]); err != nil {
					return fmt.Errorf("write: %w", err)
				}
				rest = rest[k:]
				if rand.IntN(4) == 0 {
					if err := anyio.Sleep(ctx, time.Duration(rand.IntN(20))*time.Millisecond); err != nil {
						return err
					}
				}
			}
			return from.CloseWrite()
		})
		buf := make([]byte, 4000)
		for {
			k, err := to.Read(ctx, buf[:1+rand.IntN(len(buf))])
			got = append(got, buf[:k]...)
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read after %d of %d bytes: %w", len(got), len(data), err)
			}
		}
	})
	if err != nil {
		return err
	}
	if !bytes.Equal(got, data) {
		at := 0
		for at < min(len(got), len(data)) && got[at] == data[at] {
			at++
		}
		return fmt.Errorf("got %d bytes of %d, different from byte %d on", len(got), len(data), at)
	}
	return nil
}

// both transfers in both directions at once.
func both(ctx context.Context, a, b kernel.StreamConn, there, back []byte) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return transfer(ctx, a, b, there) })
		tg.Go(func(ctx context.Context) error { return transfer(ctx, b, a, back) })
		return nil
	})
}

func TestFaultsNeverCorruptAStream(t *testing.T) {
	seeds := uint64(150)
	if testing.Short() {
		seeds = 20
	}
	again := uint64(0)
	for seed := range seeds {
		link := sim.Link{
			Latency: time.Duration(seed%7) * time.Millisecond, Jitter: time.Duration(seed%5) * time.Millisecond,
			Loss: float64(seed%4) * 0.1, Duplicate: float64(seed%3) * 0.2, Reorder: float64(seed%5) * 0.1,
			Bandwidth: int64(seed%2) * 1_000_000,
		}
		cfg := sim.Config{Seed: seed, Network: sim.NetworkConfig{Link: link, SendBuffer: 1000 << (seed % 6), ReceiveBuffer: 500 << (seed % 8)}}
		connected(t, cfg, func(n *sim.Network) {
			n.OnPacket(func(p *sim.Packet) sim.Verdict {
				if p.Again {
					again++
				}
				return sim.Verdict{}
			})
		}, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
			return both(ctx, a, b, pattern(byte(seed), 30_000), pattern(byte(seed)+100, 9_000))
		})
	}
	if again < seeds {
		t.Errorf("only %d packets were sent again: nothing was tested", again)
	}
}

// Faults that come and go while a connection is in use.
func TestFaultsOnTheWayNeverCorruptAStream(t *testing.T) {
	seeds := uint64(40)
	if testing.Short() {
		seeds = 8
	}
	for seed := range seeds {
		connected(t, sim.Config{Seed: seed}, nil, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { // a gremlin
					rand := anyio.Rand(ctx)
					for {
						switch rand.IntN(6) {
						case 0:
							n.Partition("a", "b")
						case 1:
							n.PartitionOneWay("b", "a")
						case 2:
							n.Hold("a", "b")
						case 3:
							n.Drop("a", "b")
						case 4:
							n.Link("a", "b", sim.Link{Loss: 0.3, Reorder: 0.3, Duplicate: 0.3})
						case 5:
							n.Link("a", "b", sim.Link{})
						}
						if err := anyio.Sleep(ctx, time.Duration(rand.IntN(300))*time.Millisecond); err != nil {
							return err
						}
						n.HealAll()
						n.Release("a", "b")
						if err := anyio.Sleep(ctx, time.Duration(rand.IntN(300))*time.Millisecond); err != nil {
							return err
						}
					}
				})
				defer tg.Cancel("done")
				return both(ctx, a, b, pattern(1, 40_000), pattern(2, 40_000))
			})
		})
	}
}

func FuzzStreamIsNeverCorrupted(f *testing.F) {
	f.Add(uint64(1), uint8(30), uint8(30), uint8(30), uint16(5000), uint16(700), uint16(1000))
	f.Add(uint64(2), uint8(0), uint8(0), uint8(200), uint16(20000), uint16(3), uint16(1))
	f.Fuzz(func(t *testing.T, seed uint64, loss, duplicate, reorder uint8, size, window, segment uint16) {
		// A quarter of all packets may be lost, so that a connection survives, and its
		// handshake, which has fewer tries, is let alone.
		link := sim.Link{Loss: float64(loss) / 1024, Duplicate: float64(duplicate) / 255, Reorder: float64(reorder) / 255}
		cfg := sim.NetworkConfig{ReceiveBuffer: int(window)%8000 + 1, SegmentSize: int(segment)%3000 + 1}
		// Not more packets than take a moment.
		least := min(cfg.ReceiveBuffer, cfg.SegmentSize)
		total := min(int(size), 500*least)
		connected(t, sim.Config{Seed: seed, Network: cfg}, nil, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
			n.Link("a", "b", link)
			return transfer(ctx, a, b, pattern(byte(seed), total))
		})
	})
}

func TestPeerThatNeverReadsPinsNoMemory(t *testing.T) {
	const send, receive = 10_000, 20_000
	cfg := sim.NetworkConfig{SendBuffer: send, ReceiveBuffer: receive}
	connected(t, sim.Config{Seed: 1, Network: cfg}, nil, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
		written := 0
		timedOut, err := anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) (err error) {
			written, err = a.Write(ctx, make([]byte, 1<<20))
			return err
		})
		if !timedOut || err != nil || written != send+receive {
			t.Errorf("wrote %d bytes, %v, %v; the buffers have room for %d", written, timedOut, err, send+receive)
		}
		if s := n.Stats(); s.Sent > 100 {
			t.Errorf("%d packets", s.Sent)
		}
		// Reading makes room again, all the way.
		total := 0
		for total < written {
			k, err := b.Read(ctx, make([]byte, 999))
			if err != nil {
				return err
			}
			total += k
		}
		_, err = a.Write(ctx, make([]byte, send))
		return err
	})
}

// Only a window that was opened in vain is asked for: else a peer that never reads
// would keep the clock going.
func TestLostWindowIsAskedFor(t *testing.T) {
	cfg := sim.NetworkConfig{SendBuffer: 5000, ReceiveBuffer: 5000}
	connected(t, sim.Config{Seed: 1, Network: cfg}, nil, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
		if _, err := a.Write(ctx, make([]byte, 10_000)); err != nil {
			return err
		}
		if err := anyio.Sleep(ctx, time.Second); err != nil { // the window is shut now
			return err
		}
		n.PartitionOneWay("b", "a")
		total := 0
		read := func() error {
			k, err := b.Read(ctx, make([]byte, 5000))
			total += k
			return err
		}
		if err := read(); err != nil {
			return err
		}
		if err := anyio.Sleep(ctx, time.Minute); err != nil {
			return err
		}
		n.HealAll()
		for total < 10_000 {
			if err := read(); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestEndArrivesThroughAShutWindow(t *testing.T) {
	cfg := sim.NetworkConfig{ReceiveBuffer: 100, Link: sim.Link{Loss: 0.2}}
	for seed := range uint64(20) {
		connected(t, sim.Config{Seed: seed, Network: cfg}, nil, func(ctx context.Context, n *sim.Network, a, b kernel.StreamConn) error {
			if _, err := a.Write(ctx, pattern(1, 1000)); err != nil {
				return err
			}
			if err := a.Close(); err != nil { // what is written still goes out
				return err
			}
			var got []byte
			for {
				buf := make([]byte, 7)
				k, err := b.Read(ctx, buf)
				got = append(got, buf[:k]...)
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					return err
				}
			}
			if !bytes.Equal(got, pattern(1, 1000)) {
				t.Errorf("seed %d: got %d bytes", seed, len(got))
			}
			return nil
		})
	}
}
