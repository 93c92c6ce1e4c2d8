package stream_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

var listenerName = attr.New[string]("listener")

// A namedListener has an attribute.
type namedListener struct {
	*stream.PipeListener
	name string
}

func (l namedListener) Attributes() attr.Set {
	return attr.NewSet(listenerName.Value(l.name))
}

func newListeners(n int) (ls []*stream.PipeListener, m *stream.MultiListener[stream.ByteStream]) {
	var all []stream.ByteStreamListener
	for range n {
		l := stream.NewPipeListener(10)
		ls, all = append(ls, l), append(all, l)
	}
	return ls, stream.NewMultiListener(all...)
}

// hello connects and receives the answer up to the end.
func hello(ctx context.Context, l *stream.PipeListener) (string, error) {
	c, err := l.Connect(ctx)
	if err != nil {
		return "", err
	}
	defer c.Close(ctx)
	got, err := stream.NewBuffered(c).ReceiveUntil(ctx, "\n", 100)
	return string(got), err
}

func TestMultiListenerAdoptsTheListenersOfNestedOnes(t *testing.T) {
	ctx := context.Background()
	a, inner := newListeners(2)
	b, _ := newListeners(1)
	m := stream.NewMultiListener[stream.ByteStream](inner, b[0])
	if got := m.Listeners(); len(got) != 3 || got[0] != stream.ByteStreamListener(a[0]) || got[2] != stream.ByteStreamListener(b[0]) {
		t.Errorf("listeners are %v", got)
	}
	if got := inner.Listeners(); len(got) != 0 {
		t.Errorf("the nested one still has %v", got)
	}
	testkit.WantErr(t, inner.Close(ctx), nil)
	_, err := inner.Accept(ctx)
	testkit.WantErr(t, err, anyio.ErrClosed)
	testkit.WantErr(t, m.Close(ctx), nil)
	for _, l := range append(a, b...) {
		_, err := l.Accept(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
	}
}

func TestMultiListenerServesAll(t *testing.T) {
	for _, given := range []bool{false, true} {
		t.Run(fmt.Sprintf("group given=%t", given), func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				ls, m := newListeners(3)
				defer m.Close(ctx)
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					tg.Go(func(ctx context.Context) error {
						handlers := tg
						if !given {
							handlers = nil
						}
						err := m.Serve(ctx, handlers, func(ctx context.Context, conn stream.ByteStream) error {
							defer conn.Close(ctx)
							return conn.Send(ctx, []byte("hello\n"))
						})
						testkit.WantErr(t, err, anyio.ErrClosed)
						return nil
					})
					for range 2 {
						for i, l := range ls {
							if got, err := hello(ctx, l); got != "hello" || err != nil {
								t.Errorf("listener %d: got %q, %v", i, got, err)
							}
						}
					}
					_, err := m.Accept(ctx)
					var busy *anyio.BusyError
					if !errors.As(err, &busy) {
						t.Errorf("error is %v, want a *BusyError", err)
					}
					testkit.WantErr(t, m.Close(ctx), nil)
				})
			})
		})
	}
}

func TestMultiListenerAcceptsFromEachInTurn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const n, each = 3, 4
		ls, m := newListeners(n)
		defer m.Close(ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i, l := range ls {
				for range each { // all wait to be accepted
					tg.Go(func(ctx context.Context) error {
						c, err := l.Connect(ctx)
						if err != nil {
							return err
						}
						defer c.Close(ctx)
						return c.Send(ctx, []byte{byte(i)})
					})
				}
			}
			idle(t, ctx)
			count := make([]int, n)
			for k := range n * each {
				conn, err := m.Accept(ctx)
				if err != nil {
					t.Errorf("connection %d: %v", k, err)
					break
				}
				var buf [1]byte
				if _, err := conn.Receive(ctx, buf[:]); err != nil {
					t.Error(err)
				}
				testkit.WantErr(t, conn.Close(ctx), nil)
				count[buf[0]]++
			}
			for i, c := range count {
				if c != each {
					t.Errorf("listener %d: %d connections, want %d", i, c, each)
				}
			}
		})
	})
}

func TestMultiListenerCloseWakesAccept(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, m := newListeners(2)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := m.Accept(ctx)
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			for range 2 {
				testkit.WantErr(t, m.Close(ctx), nil)
			}
		})
		canceled(t, ctx, func(ctx context.Context) error { _, err := m.Accept(ctx); return err })
	})
}

func TestMultiListenerFailsWhenAListenerFails(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		ls, m := newListeners(2)
		defer m.Close(ctx)
		testkit.WantErr(t, ls[1].Close(ctx), nil)
		_, err := m.Accept(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)
		err = m.Serve(ctx, nil, func(context.Context, stream.ByteStream) error { return nil })
		testkit.WantErr(t, err, anyio.ErrClosed)
	})
}

// TestMultiListenerLosesNoConnection cancels Accept everywhere: each client that was
// accepted is either answered or told that it is over.
func TestMultiListenerLosesNoConnection(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		ls, m := newListeners(2)
		var accepted, connected atomic.Int32
		accept := func(ctx context.Context) error {
			conn, err := m.Accept(ctx)
			if err == nil {
				accepted.Add(1)
				err = conn.Close(context.Background())
			}
			return err
		}
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for _, l := range ls {
						tg.Go(func(ctx context.Context) error {
							c, err := l.Connect(ctx)
							if err == nil {
								connected.Add(1)
								err = c.Close(context.Background())
							}
							return err
						})
					}
					return errors.Join(accept(ctx), accept(ctx))
				})
			},
			Check: func(ctx context.Context, err error) error {
				for accepted.Load() < connected.Load() && err == nil {
					err = accept(ctx)
				}
				if err == nil && accepted.Load() != connected.Load() {
					err = fmt.Errorf("%d clients have connected, %d connections were accepted", connected.Load(), accepted.Load())
				}
				return errors.Join(err, m.Close(ctx))
			},
		}
	})
}

func TestMultiListenerAttributesAreMergedAndTheLastWins(t *testing.T) {
	ctx := context.Background()
	ls, _ := newListeners(2)
	m := stream.NewMultiListener[stream.ByteStream](namedListener{ls[0], "first"}, namedListener{ls[1], "second"})
	defer m.Close(ctx)
	if got, err := attr.Get(m, listenerName); err != nil || got != "second" {
		t.Errorf("got %q, %v", got, err)
	}
}
