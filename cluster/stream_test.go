package cluster_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/stream"
)

// two opens two members; the second has a connection of its own.
func two(t *testing.T, ctx context.Context, cfg cluster.Config) (c, d *cluster.Conn, nc *nats.Conn) {
	t.Helper()
	other := cfg
	cfg.Listen = "127.0.0.1:0"
	c, err := cluster.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	nc, err = nats.Connect(c.URL(), nats.MaxReconnects(-1), nats.ReconnectWait(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	other.Conn = nc
	if d, err = cluster.Open(ctx, other); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.Background()
		if err := errors.Join(d.Close(ctx), c.Close(ctx)); err != nil {
			t.Error(err)
		}
		nc.Close()
	})
	return c, d, nc
}

// run runs what is no test of a backend.
func run(t *testing.T, f func(ctx context.Context)) {
	t.Helper()
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		f(ctx)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// eachTwo runs a test with two members on the backends that have a network.
func eachTwo(t *testing.T, f func(t *testing.T, ctx context.Context, c, d *cluster.Conn)) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, d, _ := two(t, ctx, cluster.Config{})
		f(t, ctx, c, d)
	}, noSim)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		beside(t, ctx, serveNATS, func(ctx context.Context) {
			var both [2]*cluster.Conn
			for i := range both {
				c, err := cluster.Open(ctx, cluster.Config{URL: "nats://localhost:4222"})
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close(ctx)
				both[i] = c
			}
			f(t, ctx, both[0], both[1])
		})
	}, anyiotest.Only("sim"))
}

// beside runs body while a service runs.
func beside(t *testing.T, ctx context.Context, service func(ctx context.Context) error, body func(ctx context.Context)) {
	t.Helper()
	group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		tg.Go(service)
		if err := anyio.Sleep(ctx, time.Second); err != nil { // it listens
			t.Error(err)
		}
		body(ctx)
		tg.Cancel("the test is over")
	})
}

var noSim = anyiotest.Skip("sim", "there is no simulated server")

// linked makes a stream from d to c.
func linked(t *testing.T, ctx context.Context, c, d *cluster.Conn, buffer int) (*cluster.Sender[int], *cluster.Receiver[int]) {
	t.Helper()
	r, addr, err := cluster.NewReceiver[int](c, buffer)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cluster.OpenSender(ctx, d, addr)
	if err != nil {
		t.Fatal(err)
	}
	return s, r
}

func TestStreamContract(t *testing.T) {
	var c, d *cluster.Conn
	run(t, func(ctx context.Context) { c, d, _ = two(t, ctx, cluster.Config{}) })
	for name, makePair := range map[string]anyiotest.MakeObjectPair{
		"receiver made": func(ctx context.Context) (stream.ObjectSendStream[int], stream.ObjectReceiveStream[int], int, error) {
			r, addr, err := cluster.NewReceiver[int](c, 3)
			if err != nil {
				return nil, nil, 0, err
			}
			s, err := cluster.OpenSender(ctx, d, addr)
			return s, r, -1, err
		},
		"sender made": func(ctx context.Context) (stream.ObjectSendStream[int], stream.ObjectReceiveStream[int], int, error) {
			s, addr, err := cluster.NewSender[int](c)
			if err != nil {
				return nil, nil, 0, err
			}
			r, err := cluster.OpenReceiver(ctx, d, addr, 1)
			return s, r, -1, err
		},
		"one member": func(ctx context.Context) (stream.ObjectSendStream[int], stream.ObjectReceiveStream[int], int, error) {
			s, addr, err := cluster.NewSender[int](c, cluster.With(cluster.JSON))
			if err != nil {
				return nil, nil, 0, err
			}
			r, err := cluster.OpenReceiver(ctx, c, addr, 2)
			return s, r, -1, err
		},
	} {
		t.Run(name, func(t *testing.T) { anyiotest.TestObjectStream(t, makePair, noSim) })
	}
	run(t, func(ctx context.Context) { noLinks(t, ctx, c, d) })
}

// eventually waits until something is so.
func eventually(t *testing.T, ctx context.Context, what string, is func() bool) {
	t.Helper()
	err := anyio.FailAfter(ctx, time.Minute, func(ctx context.Context) error {
		for !is() {
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("want: %s: %v", what, err)
	}
}

func noLinks(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
	t.Helper()
	eventually(t, ctx, "no link is left", func() bool { return cluster.Links(c)+cluster.Links(d) == 0 })
}

// TestStreamInFlight: of a receiver that takes nothing a sender gets no further than the
// buffer, and then as much further as is taken.
func TestStreamInFlight(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
		s, r := linked(t, ctx, c, d, 4)
		defer r.Close(ctx)
		defer s.Close(ctx)
		var sent, received atomic.Int64
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for i := range 1000 {
					if err := s.Send(ctx, i); err != nil {
						return err
					}
					if flying := sent.Add(1) - received.Load(); flying > 4+1 { // one is counted late
						t.Errorf("%d items in flight", flying)
					}
				}
				return s.Close(ctx)
			})
			next := 0
			for i, err := range r.All(ctx) {
				if err != nil || i != next {
					return errors.Join(errors.New("out of order"), err)
				}
				received.Add(1)
				next++
			}
			if next != 1000 {
				t.Errorf("%d items", next)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// TestStreamOfManySenders: the stream ends when all senders are closed, each in order.
func TestStreamOfManySenders(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
		r, addr, err := cluster.NewReceiver[[2]int](c, 2)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close(ctx)
		keep, err := cluster.OpenSender(ctx, c, addr)
		if err != nil {
			t.Fatal(err)
		}
		var got [5][]int
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				err := anyio.ForEach(ctx, slices.Values([]int{0, 1, 2, 3, 4}), 3, func(ctx context.Context, i int) error {
					s, err := cluster.OpenSender(ctx, d, addr)
					if err != nil {
						return err
					}
					defer s.Close(ctx)
					for j := range 20 {
						if err := s.Send(ctx, [2]int{i, j}); err != nil {
							return err
						}
					}
					return nil
				})
				return errors.Join(err, keep.Close(ctx))
			})
			for item, err := range r.All(ctx) {
				if err != nil {
					return err
				}
				got[item[0]] = append(got[item[0]], item[1])
			}
			return nil
		})
		for i, list := range got {
			if err != nil || len(list) != 20 || !slices.IsSorted(list) {
				t.Error(i, list, err)
			}
		}
		if _, err := cluster.OpenSender(ctx, d, addr); !errors.Is(err, anyio.ErrBroken) || !strings.Contains(err.Error(), "it is over") {
			t.Errorf("opened when it was over: %v", err)
		}
	})
}

func TestStreamOpenErrors(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
		s, addr, err := cluster.NewSender[int](c)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(ctx)
		r, err := cluster.OpenReceiver(ctx, d, addr, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close(ctx)
		gone, other := addr, cluster.Address[string](addr)
		gone.Member = "nobody"
		_, taken := cluster.OpenReceiver(ctx, d, addr, 1)
		_, noMember := cluster.OpenReceiver(ctx, d, gone, 1)
		_, types := cluster.OpenReceiver(ctx, d, other, 1)
		_, side := cluster.OpenSender(ctx, d, addr)
		_, zero := cluster.OpenSender(ctx, d, cluster.Address[int]{})
		_, buffer := cluster.OpenReceiver(ctx, d, addr, 0)
		for text, err := range map[string]error{
			"it has a receiver already": taken, "is not there": noMember, "one of int, here of string": types,
			"by OpenReceiver": side, "the zero Address": zero, "a buffer of 0": buffer,
		} {
			if err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("want: %s\ngot:  %v", text, err)
			}
		}
	})
}

// TestStreamThatCannotSend: what is not sent does not break the stream.
func TestStreamThatCannotSend(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
		r, addr, err := cluster.NewReceiver[any](c, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close(ctx)
		s, err := cluster.OpenSender(ctx, d, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(ctx)
		if err := s.Send(ctx, func() {}); err == nil {
			t.Error("a function was sent")
		}
		if err := s.Send(ctx, strings.Repeat("x", 2<<20)); err == nil || !strings.Contains(err.Error(), "the server takes") {
			t.Error(err)
		}
		if err := s.Send(ctx, "fits"); err != nil {
			t.Error(err)
		}
		if v, err := r.Receive(ctx); v != "fits" || err != nil {
			t.Error(v, err)
		}
	})
}
