package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/stream"
)

// A crowd is what many wait for and what wakes them all at once.
type crowd struct {
	wait func(ctx context.Context, i int) error
	wake func(ctx context.Context) error
	want error // of each wait
}

var crowds = map[string]func(ctx context.Context, tg *anyio.TaskGroup) crowd{
	"Event": func(context.Context, *anyio.TaskGroup) crowd {
		var e anyio.Event
		return crowd{
			func(ctx context.Context, _ int) error { return e.Wait(ctx) },
			func(context.Context) error { e.Set(); return nil }, nil,
		}
	},
	"Select of events": func(context.Context, *anyio.TaskGroup) crowd {
		var e, other anyio.Event
		return crowd{
			func(ctx context.Context, _ int) error {
				_, err := anyio.Select(ctx, anyio.OnEvent(&other), anyio.OnEvent(&e))
				return err
			},
			func(context.Context) error { e.Set(); return nil }, nil,
		}
	},
	"Future": func(context.Context, *anyio.TaskGroup) crowd {
		var f anyio.Future[int]
		return crowd{
			func(ctx context.Context, _ int) error { _, err := f.Await(ctx); return err },
			func(context.Context) error { return f.Set(1) }, nil,
		}
	},
	"end of a task": func(_ context.Context, tg *anyio.TaskGroup) crowd {
		var end anyio.Event
		h := tg.Go(end.Wait)
		return crowd{
			func(ctx context.Context, i int) error {
				if i%2 == 0 {
					_, err := anyio.Select(ctx, anyio.OnTask(h))
					return err
				}
				return h.Wait(ctx)
			},
			func(context.Context) error { end.Set(); return nil }, nil,
		}
	},
	"CapacityLimiter": func(context.Context, *anyio.TaskGroup) crowd {
		l := anyio.NewCapacityLimiter(0)
		return crowd{
			func(ctx context.Context, i int) error { return l.AcquireOnBehalfOf(ctx, i) },
			func(context.Context) error { l.SetTotalTokens(anyio.Unlimited); return nil }, nil,
		}
	},
	"Once": func(context.Context, *anyio.TaskGroup) crowd {
		var once anyio.Once
		var e anyio.Event
		return crowd{
			func(ctx context.Context, _ int) error { return once.Do(ctx, e.Wait) },
			func(context.Context) error { e.Set(); return nil }, nil,
		}
	},
	"OnceValue": func(context.Context, *anyio.TaskGroup) crowd {
		var e anyio.Event
		value := anyio.OnceValue(func(ctx context.Context) (int, error) { return 1, e.Wait(ctx) })
		return crowd{
			func(ctx context.Context, _ int) error { _, err := value(ctx); return err },
			func(context.Context) error { e.Set(); return nil }, nil,
		}
	},
	"ParkingLot": func(context.Context, *anyio.TaskGroup) crowd {
		var lot lowlevel.ParkingLot
		return crowd{
			func(ctx context.Context, _ int) error { return lot.Park(ctx) },
			func(context.Context) error { lot.UnparkAll(); return nil }, nil,
		}
	},
	"closed receiver": func(ctx context.Context, _ *anyio.TaskGroup) crowd {
		s, r := stream.Memory[int](0)
		return crowd{
			func(ctx context.Context, _ int) error { _, err := r.Receive(ctx); return err },
			func(ctx context.Context) error { return errors.Join(r.Close(ctx), s.Close(ctx)) }, anyio.ErrClosed,
		}
	},
	"closed sender": func(context.Context, *anyio.TaskGroup) crowd {
		s, r := stream.Memory[int](0)
		return crowd{
			func(ctx context.Context, _ int) error { return s.Send(ctx, 1) },
			func(ctx context.Context) error { return errors.Join(s.Close(ctx), r.Close(ctx)) }, anyio.ErrClosed,
		}
	},
	"end of a memory stream": func(context.Context, *anyio.TaskGroup) crowd {
		s, r := stream.Memory[int](0)
		return crowd{
			func(ctx context.Context, _ int) error { _, err := r.Receive(ctx); return err },
			func(ctx context.Context) error { return errors.Join(s.Close(ctx), r.Close(ctx)) }, io.EOF,
		}
	},
	"closed pipe": func(context.Context, *anyio.TaskGroup) crowd {
		a, b := stream.Pipe(0)
		return crowd{
			func(ctx context.Context, i int) error {
				if i%2 == 0 {
					_, err := a.Receive(ctx, make([]byte, 1))
					return err
				}
				return a.Send(ctx, []byte("x"))
			},
			func(ctx context.Context) error { return errors.Join(a.Close(ctx), b.Close(ctx)) }, anyio.ErrClosed,
		}
	},
	"portal": func(ctx context.Context, tg *anyio.TaskGroup) crowd {
		var p *portal.Portal
		var open anyio.Event
		tg.Go(func(ctx context.Context) error {
			return portal.With(ctx, func(ctx context.Context, door *portal.Portal) error {
				p = door
				open.Set()
				return p.WaitStopped(ctx)
			})
		})
		return crowd{
			func(ctx context.Context, _ int) error {
				if err := open.Wait(ctx); err != nil {
					return err
				}
				return p.WaitStopped(ctx)
			},
			func(context.Context) error { p.Stop(); return nil }, nil,
		}
	},
}

// Whoever is woken first cancels all the others. They were granted what they waited
// for before it ran, and keep it.
func TestAllWhoAreWokenTogetherGoOn(t *testing.T) {
	for name, open := range crowds {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				for range 50 {
					scopes := make([]*anyio.CancelScope, 8)
					if name == "closed pipe" {
						scopes = scopes[:2] // one for each direction
					}
					var wrong atomic.Pointer[string]
					group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
						c := open(ctx, tg)
						for i := range scopes {
							tg.Go(func(ctx context.Context) error {
								return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
									scopes[i] = s
									if err := c.wait(ctx, i); !errors.Is(err, c.want) {
										text := fmt.Sprintf("waiter %d: %v, want %v", i, err, c.want)
										wrong.Store(&text)
									}
									for _, other := range scopes {
										if other != nil {
											other.Cancel("one who was woken first")
										}
									}
									return nil
								})
							})
						}
						testkit.Settled(t, ctx)
						must(t, c.wake(ctx))
					})
					if text := wrong.Load(); text != nil {
						t.Fatal(*text)
					}
				}
			})
		})
	}
}

// The reverse: the scope of many is canceled, and whoever goes on first closes or
// sets what the others wait for. They were canceled before.
func TestAllWhoAreCanceledTogetherAreCanceled(t *testing.T) {
	for name, open := range crowds {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				for range 50 {
					n := 8
					if name == "closed pipe" {
						n = 2
					}
					var wrong atomic.Pointer[string]
					group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
						c := open(ctx, tg)
						err := anyio.WithTaskGroup(ctx, func(ctx context.Context, waiters *anyio.TaskGroup) error {
							for i := range n {
								waiters.Go(func(ctx context.Context) error {
									err := c.wait(ctx, i)
									if !errors.Is(err, anyio.ErrCanceled) {
										text := fmt.Sprintf("waiter %d: %v, want a cancellation", i, err)
										wrong.Store(&text)
									}
									_ = c.wake(ctx)
									return err
								})
							}
							testkit.Settled(t, ctx)
							waiters.Cancel("all")
							return nil
						})
						must(t, err)
					})
					if text := wrong.Load(); text != nil {
						t.Fatal(*text)
					}
				}
			})
		})
	}
}
