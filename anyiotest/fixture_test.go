package anyiotest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

// inRun executes body as a recorded test on the backend of ctx.
func inRun(t *testing.T, ctx context.Context, body func(rec *recorder, ctx context.Context)) (rec *recorder, panicked any) {
	t.Helper()
	b, err := anyio.BackendByName(backendOf(ctx))
	if err != nil {
		t.Fatal(err)
	}
	rec = newRecorder(t)
	panicked = rec.run(func() {
		anyiotest.Execute(rec, "", func(ctx context.Context) { body(rec, ctx) }, anyio.On(b))
	})
	return rec, panicked
}

// logged makes a fixture that notes when it is set up and taken down.
func logged(rec *recorder, ctx context.Context, events *[]string, name string) string {
	return anyiotest.Fixture(rec, ctx, func(ctx context.Context) (string, func(context.Context) error, error) {
		*events = append(*events, "up "+name)
		return name, func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
			*events = append(*events, "down "+name)
			return nil
		}, nil
	})
}

func TestFixturesAreTornDownInReverseOrderHoweverTheTestEnds(t *testing.T) {
	for name, end := range map[string]func(rec *recorder){
		"return": func(*recorder) {},
		"fatal":  func(rec *recorder) { rec.Fatal("no") },
		"skip":   func(rec *recorder) { rec.SkipNow() },
		"panic":  func(*recorder) { panic("ouch") },
	} {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				var events []string
				rec, panicked := inRun(t, ctx, func(rec *recorder, ctx context.Context) {
					if v := logged(rec, ctx, &events, "a"); v != "a" {
						rec.Errorf("value %q", v)
					}
					logged(rec, ctx, &events, "b")
					end(rec)
				})
				if want := []string{"up a", "up b", "down b", "down a"}; !slices.Equal(events, want) {
					t.Errorf("events %q, want %q", events, want)
				}
				if rec.Failed() != (name == "fatal") || (panicked != nil) != (name == "panic") {
					t.Errorf("failed %v, panicked with %v; log:\n%s", rec.Failed(), panicked, rec.text())
				}
			})
		})
	}
}

func TestTaskGroupStraddlesSetUpAndTearDown(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		served := 0
		rec, _ := inRun(t, ctx, func(rec *recorder, ctx context.Context) {
			ask := anyiotest.Fixture(rec, ctx, func(ctx context.Context) (*anyio.Event, func(context.Context) error, error) {
				gctx, tg := anyio.OpenTaskGroup(ctx)
				ask := &anyio.Event{}
				tg.Go(func(ctx context.Context) error {
					if err := ask.Wait(ctx); err != nil {
						return err
					}
					served++
					return anyio.SleepForever(ctx)
				})
				return ask, func(context.Context) error {
					if gctx.Err() != nil {
						return errors.New("the group's scope is canceled, want it open")
					}
					tg.Cancel("the test is over")
					return tg.End(nil)
				}, nil
			})
			ask.Set()
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				rec.Error(err)
			}
		})
		rec.wantPass(t)
		if served != 1 {
			t.Errorf("served %d times, want once", served)
		}
	})
}

type valueKey struct{}

func TestTearDownIsShieldedAndSeesTheValuesOfSetUp(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var sleep error
		var value any
		rec, _ := inRun(t, ctx, func(rec *recorder, ctx context.Context) {
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
				ctx = context.WithValue(ctx, valueKey{}, "x")
				anyiotest.Fixture(rec, ctx, func(ctx context.Context) (int, func(context.Context) error, error) {
					return 0, func(ctx context.Context) error {
						sleep, value = anyio.Sleep(ctx, time.Millisecond), ctx.Value(valueKey{})
						return nil
					}, nil
				})
				scope.Cancel("before the tear-down")
				return anyio.Sleep(ctx, 0)
			})
			if err != nil {
				rec.Error(err)
			}
		})
		rec.wantPass(t)
		if sleep != nil || value != "x" {
			t.Errorf("in the tear-down Sleep returned %v, the value was %v", sleep, value)
		}
	})
}

func TestFailingFixtures(t *testing.T) {
	up := func(v int, down func(context.Context) error, err error) func(context.Context) (int, func(context.Context) error, error) {
		return func(context.Context) (int, func(context.Context) error, error) { return v, down, err }
	}
	for _, c := range []struct {
		name      string
		body      func(rec *recorder, ctx context.Context, downs *int)
		wantLog   string
		wantDowns int
	}{
		{"an error of set-up ends the test, its partial tear-down runs", func(rec *recorder, ctx context.Context, downs *int) {
			anyiotest.Fixture(rec, ctx, up(1, func(context.Context) error { *downs++; return nil }, errors.New("no space")))
			rec.Error("the test goes on")
		}, "set-up of a fixture: no space", 1},
		{"no tear-down is needed", func(rec *recorder, ctx context.Context, downs *int) {
			if v := anyiotest.Fixture(rec, ctx, up(7, nil, nil)); v != 7 {
				rec.Error(v)
			}
			rec.Error("reached")
		}, "reached", 0},
		{"an error of tear-down fails the test, the others run", func(rec *recorder, ctx context.Context, downs *int) {
			anyiotest.Fixture(rec, ctx, up(1, func(context.Context) error { *downs++; return nil }, nil))
			anyiotest.Fixture(rec, ctx, up(2, func(context.Context) error { *downs++; return errors.New("stuck") }, nil))
		}, "tear-down of a fixture: stuck", 2},
		{"Fatal in tear-down, the others run", func(rec *recorder, ctx context.Context, downs *int) {
			anyiotest.Fixture(rec, ctx, up(1, func(context.Context) error { *downs++; return nil }, nil))
			anyiotest.Fixture(rec, ctx, up(2, func(context.Context) error { *downs++; rec.Fatal("fatal"); return nil }, nil))
		}, "fatal", 2},
		{"another task", func(rec *recorder, ctx context.Context, downs *int) {
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					anyiotest.Fixture(rec, ctx, up(1, nil, nil))
					return nil
				})
				return nil
			})
			rec.Errorf("the group ended with %v", err)
		}, "must be called by the test's own task", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				downs := 0
				rec, _ := inRun(t, ctx, func(rec *recorder, ctx context.Context) { c.body(rec, ctx, &downs) })
				rec.wantFailure(t, c.wantLog)
				if downs != c.wantDowns {
					t.Errorf("%d tear-downs, want %d", downs, c.wantDowns)
				}
			})
		})
	}
}

func TestFixtureOutsideRunIsRefused(t *testing.T) {
	rec := newRecorder(t)
	rec.run(func() {
		anyiotest.Fixture(rec, context.Background(), func(context.Context) (int, func(context.Context) error, error) {
			rec.Error("set up")
			return 0, nil, nil
		})
	})
	rec.wantFailure(t, "needs the context that anyiotest.Run gives")
}
