package anyio_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/osthread"
	"github.com/anyio-go/anyio/portal"
)

// waysToHold are how a holding is got in a task with a context.
var waysToHold = map[string]func(ctx context.Context, h holding) error{
	"Acquire":         func(ctx context.Context, h holding) error { return h.acquire(ctx) },
	"foreign context": func(_ context.Context, h holding) error { return h.acquire(context.Background()) },
	"TryAcquire":      func(_ context.Context, h holding) error { return h.try() },
}

// A call through a portal is a task of its own, also where it runs on its caller's
// goroutine: what the caller holds is not its own, nor the other way round.
func TestCallThroughAPortalOwnsNothingOfItsCaller(t *testing.T) {
	for name, open := range holdings {
		for how, get := range waysToHold {
			t.Run(name+"/"+how, func(t *testing.T) {
				anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
					for _, foreign := range []bool{false, true} {
						mine, its, late := open(), open(), open()
						err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
							callCtx := ctx
							if foreign {
								callCtx = context.Background()
							}
							must(t, get(ctx, mine))
							_, err := portal.Call(callCtx, p, func(inner context.Context) (int, error) {
								testkit.WantMisuse(t, "release of the caller's", testkit.Recovered(mine.release))
								testkit.WantErr(t, mine.try(), anyio.ErrWouldBlock)
								must(t, get(inner, its))
								must(t, get(ctx, late)) // in the name of the caller's scope
								late.release()
								must(t, get(ctx, late))
								return 0, nil
							}, anyio.Name("forgetful"))
							testkit.WantMisuse(t, "call", err)
							must(t, recoveredError(mine.release))
							must(t, mine.try())
							mine.release()
							for _, h := range []holding{its, late} {
								err := h.try()
								testkit.WantErr(t, err, anyio.ErrBroken)
								if err == nil || !abandonedHereBy(err, "forgetful") {
									t.Errorf("of the call: %v", err)
								}
							}
							return nil
						})
						ge, _ := errors.AsType[*anyio.GroupError](err)
						if ge == nil || ge.Len() != 1 || strings.Count(err.Error(), "ended without releasing") != 2 {
							t.Errorf("portal: %v", err)
						}
					}
				})
			})
		}
	}
}

func recoveredError(f func()) error {
	err, _ := testkit.Recovered(f).(error)
	return err
}

func abandonedHereBy(err error, task string) bool {
	m, _ := errors.AsType[*anyio.MisuseError](err)
	return m != nil && strings.Contains(m.Error(), `task "`+task+`" ended`)
}

// The caller waits for the call, so the call cannot wait for what the caller holds.
// Where that is known, it is said.
func TestCallThroughAPortalThatWaitsForItsCaller(t *testing.T) {
	must(t, anyio.Run(context.Background(), func(ctx context.Context) error {
		return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			call := func(ctx context.Context, f func(ctx context.Context) error) error {
				_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 0, f(ctx) })
				return err
			}
			var lock, second anyio.Lock
			var rw anyio.RWLock
			var once anyio.Once
			host, _ := anyio.CurrentTask(ctx)
			must(t, lock.Acquire(ctx))
			defer lock.Release()
			testkit.WantMisuse(t, "Acquire", call(ctx, lock.Acquire))
			must(t, rw.AcquireRead(ctx))
			testkit.WantMisuse(t, "to write what the caller reads", call(ctx, rw.Acquire))
			must(t, call(ctx, func(ctx context.Context) error { return rw.DoRead(ctx, doNothing) }))
			rw.ReleaseRead()
			must(t, rw.Acquire(ctx))
			testkit.WantMisuse(t, "to read what the caller writes", call(ctx, rw.AcquireRead))
			rw.Release()
			must(t, call(ctx, func(ctx context.Context) error {
				must(t, second.Acquire(ctx))
				defer second.Release()
				testkit.WantMisuse(t, "Acquire by a call in a call", call(ctx, lock.Acquire))
				testkit.WantMisuse(t, "of what the outer call holds", call(ctx, second.Acquire))
				testkit.WantMisuse(t, "of its own", second.Acquire(ctx))
				if o := second.Statistics().Owner; o == nil || o.ID == 0 || o.ID == host.ID {
					t.Errorf("owner %+v", o)
				}
				return nil
			}))
			return once.Do(ctx, func(ctx context.Context) error {
				testkit.WantMisuse(t, "Once", call(ctx, func(ctx context.Context) error { return once.Do(ctx, doNothing) }))
				return nil
			})
		})
	}))
}

func TestStatisticsTellACallFromItsCaller(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		must(t, portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					var mine, its anyio.Lock
					limiter := anyio.NewCapacityLimiter(2)
					must(t, mine.Acquire(ctx))
					defer mine.Release()
					must(t, limiter.Acquire(ctx))
					defer limiter.Release()
					_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) {
						must(t, its.Acquire(ctx))
						defer its.Release()
						must(t, limiter.Acquire(ctx))
						defer limiter.Release()
						if o := mine.Statistics().Owner; o == nil || o.Name != "caller" {
							t.Errorf("the caller's lock is held by %v", o)
						}
						if o := its.Statistics().Owner; o == nil || o.Name != "call" {
							t.Errorf("the call's lock is held by %v", o)
						}
						var names []string
						for _, b := range limiter.Statistics().Borrowers {
							names = append(names, b.(anyio.TaskInfo).Name)
						}
						if strings.Join(names, " ") != "caller call" {
							t.Errorf("borrowers %v", names)
						}
						return 0, nil
					}, anyio.Name("call"))
					return err
				}, anyio.Name("caller"))
				return nil
			})
		}))
	})
}

// The main task of a run may run on a goroutine that holds something already.
func TestRunOnAGoroutineThatHolds(t *testing.T) {
	for name, open := range holdings {
		testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
			h, its := open(), open()
			must(t, h.try())
			must(t, run(func(ctx context.Context) error {
				testkit.WantMisuse(t, name, testkit.Recovered(h.release))
				testkit.WantErr(t, h.try(), anyio.ErrWouldBlock)
				return nil
			}))
			err := run(func(ctx context.Context) error { return its.try() })
			testkit.WantMisuse(t, "run", err)
			testkit.WantErr(t, its.try(), anyio.ErrBroken)
			h.release()
			must(t, run(func(ctx context.Context) error {
				must(t, h.acquire(ctx))
				h.release()
				return nil
			}))
			must(t, h.try())
			h.release()
		})
	}
}

// The same in a task, on whatever backend the inner run is.
func TestRunInATaskThatHolds(t *testing.T) {
	for name, open := range holdings {
		for how, get := range waysToHold {
			must(t, anyio.Run(context.Background(), func(outer context.Context) error {
				for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
					h := open()
					must(t, get(outer, h))
					must(t, anyio.Run(outer, func(ctx context.Context) error {
						testkit.WantMisuse(t, name+" "+how, testkit.Recovered(h.release))
						testkit.WantErr(t, h.try(), anyio.ErrWouldBlock)
						return nil
					}, anyio.On(b)))
					must(t, recoveredError(h.release))
				}
				return nil
			}))
		}
	}
}

// A function that RunBlocking runs on another goroutine takes nothing to its end: the
// goroutine is the next one's.
func TestFunctionOfRunBlockingThatKeepsWhatItAcquired(t *testing.T) {
	threads := osthread.NewPool(1)
	for name, opts := range map[string][]anyio.BlockingOption{
		"":                nil,
		"osthread":        {osthread.On(threads)},
		"AbandonOnCancel": {anyio.AbandonOnCancel()},
	} {
		for kind, open := range holdings {
			t.Run(name+"/"+kind, func(t *testing.T) {
				testkit.OnEach(t, func(t *testing.T, run testkit.RunFunc) {
					must(t, run(func(ctx context.Context) error {
						h := open()
						own := anyio.NewCapacityLimiter(1)
						opts := append([]anyio.BlockingOption(nil), opts...)
						if name == "" {
							opts = append(opts, anyio.Limiter(own))
						}
						v, err := anyio.RunBlockingValue(ctx, func() (int, error) { return 7, h.try() }, opts...)
						if v != 7 {
							t.Errorf("value %d", v)
						}
						if testkit.BackendOf(ctx) != "eventloop" && name == "" || testkit.BackendOf(ctx) == "sim" && name != "osthread" { // it is the task's
							must(t, err)
							h.release()
							return nil
						}
						if m, _ := errors.AsType[*anyio.MisuseError](err); m == nil || !strings.Contains(m.Text, `the function that task "`) || !strings.Contains(m.Text, "gave to RunBlocking ended without releasing") {
							t.Errorf("error %v", err)
						}
						testkit.WantErr(t, h.try(), anyio.ErrBroken)
						h.reset()
						pe, _ := testkit.Recovered(func() {
							_, _ = anyio.RunBlockingValue(ctx, func() (int, error) { must(t, h.try()); panic("ouch") }, opts...)
						}).(*anyio.PanicError)
						if pe == nil || pe.Value != "ouch" {
							t.Errorf("panic %v", pe)
						}
						testkit.WantErr(t, h.try(), anyio.ErrBroken)
						h.reset()
						_, err = anyio.RunBlockingValue(ctx, func() (int, error) { must(t, h.try()); h.release(); return 0, nil }, opts...)
						must(t, err)
						must(t, h.try())
						h.release()
						return nil
					}))
				})
			})
		}
	}
	must(t, threads.Close(context.Background()))
}

// A context with a scope belongs to a run no more than the one that the scope was
// opened in.
func TestCallInRunWithAScopeOfNoRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) {
			_, err := anyio.MoveOnAfter(context.Background(), anyio.Forever, func(scoped context.Context) error {
				called := false
				_, err := anyio.RunIn(scoped, func(context.Context) (int, error) { called = true; return 0, nil })
				if onLoop := testkit.BackendOf(ctx) == "sim"; called != onLoop || (err == nil) != onLoop { //anyiovet:ignore outerctx the run is asked in which the test is
					t.Errorf("called %v, %v", called, err)
				}
				return err
			})
			return 0, err
		})
		if testkit.BackendOf(ctx) != "sim" {
			testkit.WantErr(t, err, anyio.ErrNoRun)
		}
	})
}
