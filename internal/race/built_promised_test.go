package race_test

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/stream"
)

// initialized is written when this package is, after those that it imports.
var initialized = time.Now()

// An initializedContext uses what its package has initialized, whoever asks.
type initializedContext struct{ context.Context }

func (c initializedContext) Err() error            { _ = initialized; return c.Context.Err() }
func (c initializedContext) Done() <-chan struct{} { _ = initialized; return c.Context.Done() }
func (c initializedContext) Deadline() (time.Time, bool) {
	_ = initialized
	return c.Context.Deadline()
}
func (c initializedContext) Value(key any) any { _ = initialized; return c.Context.Value(key) }

// builtEdges are further programs without a race.
var builtEdges = []raceProgram{
	{"once", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var o anyio.Once
		for range 3 {
			tg.Go(func(ctx context.Context) error {
				if err := o.Do(ctx, func(ctx context.Context) error { *x++; return anyio.Sleep(ctx, 0) }); err != nil {
					return err
				}
				_ = *x
				return nil
			})
		}
		return nil
	}},
	{"once value", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		f := anyio.OnceValue(func(ctx context.Context) (*int, error) { *x++; return x, nil })
		for range 3 {
			tg.Go(func(ctx context.Context) error { p, err := f(ctx); _ = *p; return err })
		}
		return nil
	}},
	{"once done", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var o anyio.Once
		tg.Go(func(ctx context.Context) error {
			return o.Do(ctx, func(ctx context.Context) error { *x++; return nil })
		})
		for !o.Done() {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		*x++
		return nil
	}},
	{"broadcast", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		b := stream.Broadcast[*int](stream.BroadcastConfig{Buffer: 1})
		for range 2 {
			r := b.Subscribe()
			tg.Go(func(ctx context.Context) error {
				defer r.Close(ctx)
				for p, err := range r.All(ctx) {
					if err != nil {
						return err
					}
					_ = *p
				}
				_ = *x
				return nil
			})
		}
		*x++
		for range 3 {
			if err := b.Send(ctx, x); err != nil {
				return err
			}
		}
		return b.Close(ctx)
	}},
	{"broadcast try", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		b := stream.Broadcast[*int](stream.BroadcastConfig{Buffer: 1, Slow: stream.DropOldest})
		r := b.Subscribe()
		defer r.Close(ctx)
		tg.Go(func(ctx context.Context) error { *x++; return b.TrySend(x) })
		p, err := r.Receive(ctx)
		if err == nil {
			*p++
		}
		_ = b.Close(ctx)
		return err
	}},
	{"map", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		m := map[int]int{}
		for _, limit := range []int{0, 2} {
			out, err := anyio.Map(ctx, []int{1, 2, 3, 4}, limit, func(ctx context.Context, i int) (map[int]int, error) {
				return map[int]int{i: i}, anyio.Sleep(ctx, 0)
			})
			if err != nil {
				return err
			}
			for _, o := range out {
				maps.Copy(m, o)
			}
		}
		return anyio.ForEach(ctx, maps.Keys(m), 2, func(ctx context.Context, k int) error { _ = m[k]; return anyio.Sleep(ctx, 0) })
	}},
	{"as completed", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		f := func(ctx context.Context) (*int, error) { v := new(int); *v++; return v, anyio.Sleep(ctx, 0) }
		for h, err := range anyio.AsCompleted(ctx, f, f, f) {
			if err != nil {
				return err
			}
			p, err := h.Value()
			if err != nil {
				return err
			}
			*p++
		}
		return nil
	}},
	{"pull", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		send, recv := stream.Memory[*int](0)
		tg.Go(func(ctx context.Context) error {
			defer send.Close(ctx)
			for range 3 {
				v := new(int)
				*v++
				if err := send.Send(ctx, v); err != nil {
					return err
				}
			}
			return nil
		})
		next, stop := stream.Pull(func(yield func(*int, error) bool) {
			*x++
			for v, err := range recv.All(ctx) {
				*x++
				if !yield(v, err) {
					return
				}
				*x++
			}
			*x++
		})
		defer recv.Close(ctx)
		defer stop()
		for p, err, ok := next(); ok; p, err, ok = next() {
			*x++
			if err != nil {
				return err
			}
			*p++
		}
		*x++
		return nil
	}},
	{"pulls stopped early and used by another task", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		f := func(ctx context.Context) (*int, error) { v := new(int); *v++; return v, anyio.Sleep(ctx, 0) }
		next, stop := stream.Pull(anyio.AsCompleted(ctx, f, f, f))
		p, err, _ := next()
		if err != nil {
			return err
		}
		_ = p
		h := tg.Go(func(ctx context.Context) error { next(); return nil })
		if err := h.Await(ctx); err != nil {
			return err
		}
		stop()
		*x++
		return nil
	}},
	{"portal start", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			*x++
			_, t, err := portal.Start(ctx, p, func(ctx context.Context, started func(int)) (int, error) {
				*x++
				started(1)
				return 1, anyio.Sleep(ctx, 0)
			})
			*x++
			if err != nil {
				return err
			}
			_, err = t.Await(ctx)
			*x++
			return err
		})
	}},
	{"portal spawn", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			*x++
			t, err := portal.Go(p, func(ctx context.Context) (int, error) { *x++; return 1, anyio.Sleep(ctx, 0) })
			if err != nil {
				return err
			}
			err = t.Wait(ctx)
			*x++
			return err
		})
	}},
	{"portal open", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, leave, err := portal.Open(ctx, p, func(ctx context.Context, body func(context.Context, int) error) error {
				*x++
				err := body(ctx, 1)
				*x++
				return err
			})
			*x++
			if err != nil {
				return err
			}
			err = leave(ctx, nil)
			*x++
			return err
		})
	}},
	{"portal call canceled", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			_, err := anyio.MoveOnAfter(ctx, time.Microsecond, func(ctx context.Context) error {
				*x++
				_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { *x++; err := anyio.SleepForever(ctx); *x++; return 0, err })
				*x++
				return err
			})
			*x++
			return err
		})
	}},
	{"call in run", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
			*x++
			_, err := anyio.RunIn(ctx, func(context.Context) (int, error) { *x++; return 0, nil })
			*x++
			return 0, err
		})
		*x++
		return err
	}},
	{"rw lock of conditions", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		var c anyio.Condition
		readers := 0
		writing := false
		for range 2 {
			tg.Go(func(ctx context.Context) error {
				if err := c.Do(ctx, func(ctx context.Context) error {
					if err := c.WaitFor(ctx, func() bool { return !writing }); err != nil {
						return err
					}
					readers++
					return nil
				}); err != nil {
					return err
				}
				_ = *x
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
				return c.Do(ctx, func(ctx context.Context) error { readers--; c.NotifyAll(); return nil })
			})
			tg.Go(func(ctx context.Context) error {
				if err := c.Do(ctx, func(ctx context.Context) error {
					if err := c.WaitFor(ctx, func() bool { return !writing && readers == 0 }); err != nil {
						return err
					}
					writing = true
					return nil
				}); err != nil {
					return err
				}
				*x++
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
				return c.Do(ctx, func(ctx context.Context) error { writing = false; c.NotifyAll(); return nil })
			})
		}
		return nil
	}},
	{"race", func(ctx context.Context, _ *anyio.TaskGroup, x *int) error {
		p, err := anyio.Race(ctx, func(ctx context.Context) (*int, error) { *x++; return x, nil },
			func(ctx context.Context) (*int, error) { return nil, anyio.SleepForever(ctx) })
		*p++
		return err
	}},
	{"values of", func(ctx context.Context, tg *anyio.TaskGroup, x *int) error {
		type key struct{}
		vctx := context.WithValue(ctx, key{}, x)
		tg.Go(func(ctx context.Context) error { *(ctx.Value(key{}).(*int))++; return nil }, anyio.ValuesOf(vctx))
		return nil
	}},
	{"context of another package", func(ctx context.Context, tg *anyio.TaskGroup, _ *int) error {
		for _, outer := range []context.Context{ctx, context.Background()} {
			foreign, cancel := context.WithCancel(outer)
			foreign = initializedContext{foreign}
			send, receive := stream.Memory[int](0)
			h := tg.Go(func(context.Context) error {
				_, err := receive.Receive(foreign) // its end is decided by who closes
				if !errors.Is(err, anyio.ErrClosed) {
					return err
				}
				_ = anyio.WithTaskGroup(foreign, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(anyio.SleepForever)
					cancel()
					err := anyio.SleepForever(ctx)
					_ = err.Error()
					return nil
				})
				return nil
			})
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
			_ = receive.Close(ctx)
			_ = send.Close(ctx)
			if err := h.Wait(ctx); err != nil {
				return err
			}
			_, _ = anyio.MoveOnAfter(foreign, time.Microsecond, anyio.SleepForever)
		}
		return nil
	}},
}
