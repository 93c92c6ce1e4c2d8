package anyio_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
)

// onRealClocks are the backends on which time passes while a task works.
var onRealClocks = anyiotest.Only("parallel", "eventloop")

// workUntil keeps the calling task busy without a schedule point.
func workUntil(ctx context.Context, t time.Time) {
	for anyio.Now(ctx).Before(t) {
	}
}

// linked runs body in a scope without deadline in which something has blocked already.
func linked(t *testing.T, ctx context.Context, body func(ctx context.Context, s *anyio.CancelScope)) {
	t.Helper()
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		testkit.WantNil(t, "the first wait", anyio.Sleep(ctx, time.Microsecond))
		body(ctx, s)
		return nil
	})
	testkit.WantNil(t, "scope", err)
}

// checks are calls that need not wait, and must notice a deadline that has passed.
func checks() map[string]func(context.Context) error {
	var set anyio.Event
	set.Set()
	return map[string]func(context.Context) error{
		"Checkpoint":           lowlevel.Checkpoint,
		"CheckpointIfCanceled": lowlevel.CheckpointIfCanceled,
		"Event.Wait":           set.Wait,
		"Sleep":                func(ctx context.Context) error { return anyio.Sleep(ctx, 0) },
		"Err":                  func(ctx context.Context) error { return ctx.Err() },
	}
}

// A task that was busy beyond its deadline notices that at its first call, though the
// timer may not have fired.
func TestBusyTaskNoticesItsDeadlineAtOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, call := range checks() {
			for range 20 {
				linked(t, ctx, func(ctx context.Context, s *anyio.CancelScope) {
					at := anyio.Now(ctx).Add(50 * time.Microsecond)
					s.SetDeadline(at)
					workUntil(ctx, at)
					if call(ctx) == nil {
						t.Errorf("%s after the deadline succeeded", name)
					}
				})
			}
		}
	}, onRealClocks)
}

func TestBusyTaskNoticesADeadlineAboveIt(t *testing.T) {
	for where, below := range map[string]func(ctx context.Context, f func(ctx context.Context)) error{
		"scope": func(ctx context.Context, f func(ctx context.Context)) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				f(ctx)
				return nil
			})
		},
		"task": func(ctx context.Context, f func(ctx context.Context)) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					f(ctx)
					return nil
				})
				return nil
			})
		},
		"values": func(ctx context.Context, f func(ctx context.Context)) error {
			type key struct{}
			f(context.WithValue(ctx, key{}, "x"))
			return nil
		},
	} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			for name, call := range checks() {
				linked(t, ctx, func(ctx context.Context, s *anyio.CancelScope) {
					testkit.WantNil(t, where, below(ctx, func(ctx context.Context) {
						testkit.WantNil(t, "the first wait below", anyio.Sleep(ctx, time.Microsecond))
						at := anyio.Now(ctx).Add(50 * time.Microsecond)
						s.SetDeadline(at) // when all below is known
						workUntil(ctx, at)
						if call(ctx) == nil {
							t.Errorf("%s: %s after the deadline succeeded", where, name)
						}
					}))
				})
			}
		}, onRealClocks)
	}
}

// What is shielded from a deadline, and what had one that was taken away, goes on.
func TestBusyTaskGoesOnIfTheDeadlineIsNotItsOwn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, call := range checks() {
			linked(t, ctx, func(ctx context.Context, s *anyio.CancelScope) {
				at := anyio.Now(ctx).Add(50 * time.Microsecond)
				s.SetDeadline(at)
				testkit.WantNil(t, "Shielded", anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					workUntil(ctx, at)
					testkit.WantNil(t, name+" in a shield", call(ctx))
					return nil
				}))
			})
			linked(t, ctx, func(ctx context.Context, s *anyio.CancelScope) {
				at := anyio.Now(ctx).Add(time.Hour)
				s.SetDeadline(at)
				testkit.WantNil(t, name+" before the deadline", call(ctx))
				s.SetDeadline(time.Time{})
				testkit.WantNil(t, name+" without a deadline", call(ctx))
			})
		}
	}, onRealClocks)
}

// sameDeadline opens two scopes with one deadline, in which the inner one waits, and
// reports whether the inner one took the cancellation.
func sameDeadline(ctx context.Context, open func(ctx context.Context, at time.Time, body func(ctx context.Context) error) error) (inner bool) {
	at := anyio.Now(ctx).Add(200 * time.Microsecond)
	_ = open(ctx, at, func(ctx context.Context) error {
		_, err := anyio.MoveOnAt(ctx, at, anyio.SleepForever)
		inner = err == nil
		return err
	})
	return inner
}

func TestOfEqualDeadlinesTheOuterWins(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 300 {
			if sameDeadline(ctx, func(ctx context.Context, at time.Time, body func(ctx context.Context) error) error {
				return anyio.FailAt(ctx, at, body)
			}) {
				t.Fatal("the inner scope took the cancellation")
			}
		}
	})
}

// The order in which deadlines are set does not count.
func TestOfEqualDeadlinesTheOuterWinsThoughItWasSetLast(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 300 {
			at := anyio.Now(ctx).Add(300 * time.Microsecond)
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, outer *anyio.CancelScope) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, inner *anyio.CancelScope) error {
					inner.SetDeadline(at)
					err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(anyio.SleepForever)
						tg.Go(func(ctx context.Context) error {
							outer.SetDeadline(at)
							return nil
						})
						return nil
					})
					if !outer.CancelCalled() {
						t.Fatalf("only the inner scope is canceled: %v", err)
					}
					return err
				})
			})
			testkit.WantNil(t, "outer scope", err)
		}
	})
}

func TestOfEqualDeadlinesAContextFromElsewhereWins(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 300 {
			inner := sameDeadline(ctx, func(ctx context.Context, at time.Time, body func(ctx context.Context) error) error {
				ctx, cancel := context.WithDeadline(ctx, at)
				defer cancel()
				return body(ctx)
			})
			if inner {
				t.Fatal("the scope inside took the cancellation")
			}
		}
	}, onRealClocks)
}

// A deadline ends also what holds up the loop, if that waits for the context.
func TestDeadlineEndsWhatWaitsForDone(t *testing.T) {
	const late = time.Minute
	wait := func(t *testing.T, ctx context.Context) error {
		select {
		case <-ctx.Done():
		case <-time.After(late):
			t.Error("the deadline did not come")
		}
		return ctx.Err()
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, f := range map[string]func(ctx context.Context, s *anyio.CancelScope) error{
			"own": func(ctx context.Context, s *anyio.CancelScope) error { return wait(t, ctx) },
			"derived": func(ctx context.Context, s *anyio.CancelScope) error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				return wait(t, ctx)
			},
			"inner scope": func(ctx context.Context, s *anyio.CancelScope) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error { return wait(t, ctx) })
			},
			"set afterwards": func(ctx context.Context, s *anyio.CancelScope) error {
				s.SetDeadline(anyio.Now(ctx).Add(time.Hour))
				ctx.Done()
				s.SetDeadline(time.Time{})
				s.SetDeadline(anyio.Now(ctx).Add(time.Millisecond))
				return wait(t, ctx)
			},
		} {
			var scope *anyio.CancelScope
			testkit.WantNil(t, name, anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				scope = s
				s.SetDeadline(anyio.Now(ctx).Add(time.Millisecond))
				return f(ctx, s)
			}))
			if !scope.CancelCaught() {
				t.Errorf("%s: the scope did not end what waited", name)
			}
		}
	}, onRealClocks)
}

func TestDeadlineEndsARequestOfPackageHTTP(t *testing.T) {
	asked := make(chan struct{}, 2)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-r.Context().Done()
	}))
	defer server.Close()
	client := server.Client()
	defer client.CloseIdleConnections()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		timedOut, err := anyio.MoveOnAfter(ctx, 20*time.Millisecond, func(ctx context.Context) error {
			req, err := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
			if err != nil {
				return err
			}
			resp, err := client.Do(req)
			if err == nil {
				resp.Body.Close()
			}
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("the request: timed out %v, error %v", timedOut, err)
		}
		client.CloseIdleConnections()
	}, onRealClocks)
}

// Times from files and tokens have no monotonic reading.
func TestDeadlineOfTheWallClock(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		begin := anyio.Now(ctx)
		at := begin.Add(3 * time.Millisecond).Round(0).UTC()
		timedOut, err := anyio.MoveOnAt(ctx, at, anyio.SleepForever)
		if !timedOut || err != nil {
			t.Errorf("MoveOnAt: %v, %v", timedOut, err)
		}
		if took := anyio.Now(ctx).Sub(begin); took < 2*time.Millisecond {
			t.Errorf("the deadline came after %v", took)
		}
		testkit.WantNil(t, "SleepUntil", anyio.SleepUntil(ctx, at.Add(time.Millisecond)))
		if now := anyio.Now(ctx); now.Before(at) {
			t.Errorf("it is %v after SleepUntil(%v)", now, at)
		}
	})
}
