package cluster_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// quick makes a loss known soon.
var quick = cluster.Config{Heartbeat: 20 * time.Millisecond, Lost: 500 * time.Millisecond}

// TestStreamLosesMessages: whatever kind of message is lost, an item that was sent is
// received, or both ends hear that the stream is broken.
func TestStreamLosesMessages(t *testing.T) {
	for kind, want := range map[byte]string{'i': "messages were lost", 'e': "the message was lost"} {
		t.Run(string(kind), func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				c, d, _ := two(t, ctx, quick)
				var seen atomic.Int32
				cluster.Lose(d, func(k byte) bool { return k == kind && (kind == 'e' || seen.Add(1) == 3) })
				s, r := linked(t, ctx, c, d, 3)
				defer r.Close(ctx)
				for i := range 3 { // of items, the last is lost
					if err := s.Send(ctx, i); err != nil {
						t.Fatal(err)
					}
				}
				if kind == 'e' {
					s.Close(ctx)
				}
				for i := 0; ; i++ {
					if _, err := r.Receive(ctx); err != nil {
						if !errors.Is(err, anyio.ErrBroken) || !strings.Contains(err.Error(), want) || i < 2 {
							t.Errorf("after %d items %v, want %q", i, err, want)
						}
						break
					}
				}
				if kind == 'i' {
					err := error(nil)
					for err == nil {
						err = s.Send(ctx, 1)
					}
					if !errors.Is(err, anyio.ErrBroken) || !strings.Contains(err.Error(), want) {
						t.Error(err)
					}
				}
				s.Close(ctx)
			}, noSim)
		})
	}
}

// TestStreamLosesGrants: that more may be sent is told again.
func TestStreamLosesGrants(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, d, _ := two(t, ctx, quick)
		cluster.Lose(c, func(kind byte) bool { return kind == 'g' })
		s, r := linked(t, ctx, c, d, 1)
		defer r.Close(ctx)
		for i := range 5 {
			if err := s.Send(ctx, i); err != nil {
				t.Fatal(err)
			}
			if got, err := r.Receive(ctx); got != i || err != nil {
				t.Fatal(got, err)
			}
		}
		s.Close(ctx)
	}, noSim)
}

// TestStreamLosesMember: both ends hear of it, the receiver after what has come.
func TestStreamLosesMember(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, d, nc := two(t, ctx, quick)
		s, r := linked(t, ctx, c, d, 1)
		back, addr, err := cluster.NewReceiver[int](d, 1)
		if err != nil {
			t.Fatal(err)
		}
		there, err := cluster.OpenSender(ctx, c, addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.Send(ctx, 7), nc.Flush()); err != nil {
			t.Fatal(err)
		}
		nc.Close()
		if i, err := r.Receive(ctx); i != 7 || err != nil {
			t.Error(i, err)
		}
		_, received := r.Receive(ctx)
		_, alone := back.Receive(ctx)
		if !errors.Is(received, anyio.ErrBroken) || !strings.Contains(received.Error(), "does not answer") {
			t.Error(received)
		}
		if !errors.Is(alone, anyio.ErrBroken) || !errors.Is(alone, anyio.ErrClosed) {
			t.Error(alone)
		}
		for name, s := range map[string]*cluster.Sender[int]{"sender": there, "sender cut off": s} {
			err := error(nil)
			for err == nil {
				err = s.Send(ctx, 1)
			}
			if !errors.Is(err, anyio.ErrBroken) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, end := range []anyio.Resource{s, r, back, there} {
			end.Close(ctx)
		}
		if n := cluster.Links(c) + cluster.Links(d); n != 0 {
			t.Errorf("%d links are left", n)
		}
	}, noSim)
}

// TestStreamOfClosedConn: what goes over a connection ends with it.
func TestStreamOfClosedConn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, d, _ := two(t, ctx, cluster.Config{})
		s, r := linked(t, ctx, c, d, 1)
		if err := s.Send(ctx, 1); err != nil {
			t.Fatal(err)
		}
		d.Close(ctx)
		if err := s.Send(ctx, 2); !errors.Is(err, anyio.ErrBroken) || !errors.Is(err, anyio.ErrClosed) {
			t.Error(err)
		}
		if i, err := r.Receive(ctx); i != 1 || err != nil {
			t.Error(i, err)
		}
		if _, err := r.Receive(ctx); !errors.Is(err, anyio.ErrBroken) || !strings.Contains(err.Error(), "has left the cluster") {
			t.Error(err)
		}
		if _, _, err := cluster.NewSender[int](d); !errors.Is(err, anyio.ErrClosed) {
			t.Error(err)
		}
		s.Close(ctx)
		r.Close(ctx)
	}, noSim)
}

// TestStreamCanceledOpen: a stream whose opening was canceled goes on.
func TestStreamCanceledOpen(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, d, _ := two(t, ctx, cluster.Config{})
		var answers atomic.Int32
		asked := new(anyio.Event)
		cluster.Lose(c, func(kind byte) bool {
			lost := kind == 'a' && answers.Add(1) == 1
			if lost {
				asked.Set()
			}
			return lost
		})
		r, addr, err := cluster.NewReceiver[int](c, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close(ctx)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				s, err := cluster.OpenSender(ctx, d, addr)
				if !anyio.IsCancellation(err) {
					t.Errorf("opened %v, %v", s, err)
				}
				return err
			})
			err := asked.Wait(ctx)
			tg.Cancel("the answer is lost")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		noLinks(t, ctx, c, d)
		s, err := cluster.OpenSender(ctx, d, addr)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(ctx, 1); err != nil {
			t.Error(err)
		}
		s.Close(ctx)
		if i, err := r.Receive(ctx); i != 1 || err != nil {
			t.Error(i, err)
		}
		if _, err := r.Receive(ctx); !errors.Is(err, anyio.ErrEndOfStream) {
			t.Error(err)
		}
	}, noSim)
}
