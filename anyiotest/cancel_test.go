//anyiovet:ignore scopeend what is left open is found out

package anyiotest_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
)

// A gate lets one task in at a time. It can be broken in two ways.
type gate struct {
	doubles bool // a canceled wait gives back what it did not get
	loses   bool // a task that got in is told that it was canceled

	mu    sync.Mutex
	free  int
	turns []*anyio.Event
}

func (g *gate) enter(ctx context.Context) error {
	if err := anyio.Sleep(ctx, 0); err != nil {
		return err
	}
	g.mu.Lock()
	if g.free > 0 {
		g.free--
		g.mu.Unlock()
		if g.loses {
			return anyio.Sleep(ctx, 0)
		}
		return nil
	}
	turn := &anyio.Event{}
	g.turns = append(g.turns, turn)
	g.mu.Unlock()
	err := turn.Wait(ctx)
	if err != nil {
		g.mu.Lock()
		i := slices.Index(g.turns, turn)
		if i >= 0 {
			g.turns = slices.Delete(g.turns, i, i+1)
		}
		g.mu.Unlock()
		if i < 0 || g.doubles { // our turn had come: it is the next one's
			g.leave()
		}
	}
	return err
}

func (g *gate) leave() {
	g.mu.Lock()
	if len(g.turns) == 0 {
		g.free++
		g.mu.Unlock()
		return
	}
	turn := g.turns[0]
	g.turns = g.turns[1:]
	g.mu.Unlock()
	turn.Set() // others may run there, who lock the mutex
}

// crowd is a scenario of three tasks at a gate.
func crowd(newGate func() *gate) func() anyiotest.Scenario {
	return func() anyiotest.Scenario {
		g := newGate()
		g.free = 1
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for i := range 3 {
						tg.Go(func(ctx context.Context) error {
							if err := g.enter(ctx); err != nil {
								return err
							}
							defer g.leave()
							return anyio.Sleep(ctx, time.Second)
						}, anyio.Name(fmt.Sprintf("guest %d", i)))
					}
					return nil
				})
			},
			Check: func(ctx context.Context, err error) error {
				if g.free > 1 {
					return fmt.Errorf("%d places are free where there is one", g.free)
				}
				return errors.Join(err, anyio.FailAfter(ctx, time.Minute, g.enter))
			},
		}
	}
}

func TestSoundScenarioSurvivesCancelEverywhere(t *testing.T) {
	rec := newRecorder(t)
	var report anyiotest.CancelReport
	rec.run(func() {
		report = anyiotest.CancelOnlyAt(rec, -1, crowd(func() *gate { return &gate{} }), anyiotest.Seeds(1, 2, 3, 4, 5))
	})
	rec.wantPass(t)
	if report.Failed || report.Points < 10*report.Seeds || flagValue("anyio.seeds") == "" && report.Seeds != 5 {
		t.Errorf("report %+v, want 5 seeds and more than 10 points for each", report)
	}
	rec.wantLog(t, fmt.Sprintf("canceled at %d schedule points over %d seeds", report.Points, report.Seeds))
	t.Log(rec.text())
}

func TestCancelEverywhereFindsWhatIsLostOrDoubled(t *testing.T) {
	for _, c := range []struct {
		name string
		gate func() *gate
		want string
	}{
		{"a place is lost", func() *gate { return &gate{loses: true} }, "timeout: not done within 1m0s"},
		{"a place is given back twice", func() *gate { return &gate{doubles: true} }, "2 places are free where there is one"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := newRecorder(t)
			var report anyiotest.CancelReport
			rec.run(func() { report = anyiotest.CancelOnlyAt(rec, -1, crowd(c.gate), anyiotest.Seeds(1, 2, 3, 4, 5)) })
			if !report.Failed {
				t.Errorf("report %+v, want a failure", report)
			}
			rec.wantFailure(t, c.want, "canceled at schedule point ", `when task "`, " -anyio.cancelat=", "replay: go test")

			again := newRecorder(t)
			again.run(func() { anyiotest.CancelOnlyAt(again, -1, crowd(c.gate), anyiotest.Seeds(1, 2, 3, 4, 5)) })
			if again.text() != rec.text() {
				t.Errorf("a second time the report was\n%s\nafter\n%s", again.text(), rec.text())
			}

			// The command that it prints leads to the same failure.
			var seed uint64
			var at int
			_, flags, _ := strings.Cut(rec.text(), "-anyio.seeds=")
			if _, err := fmt.Sscanf(flags, "%d -anyio.cancelat=%d", &seed, &at); err != nil {
				t.Fatal(err)
			}
			replayed := newRecorder(t)
			replayed.run(func() { anyiotest.CancelOnlyAt(replayed, at, crowd(c.gate), anyiotest.Seeds(seed)) })
			if replayed.text() != rec.text() {
				t.Errorf("replayed, the report was\n%s\nwant\n%s", replayed.text(), rec.text())
			}
		})
	}
}

// The same scenarios in the model of goroutines, which has more points.
func TestCancelEverywhereWorksInTheModelOfGoroutines(t *testing.T) {
	try := func(model sim.Model, newGate func() *gate) (*recorder, anyiotest.CancelReport) {
		rec := newRecorder(t)
		var report anyiotest.CancelReport
		rec.run(func() {
			report = anyiotest.CancelOnlyAt(rec, -1, crowd(newGate), anyiotest.Seeds(1, 2, 3),
				anyiotest.SimConfig(func(c *sim.Config) { c.Model = model }))
		})
		return rec, report
	}
	sound := func() *gate { return &gate{} }
	rec, loop := try(sim.EventLoop, sound)
	rec.wantPass(t)
	rec, parallel := try(sim.Goroutines, sound)
	rec.wantPass(t)
	if parallel.Points <= loop.Points {
		t.Errorf("%d points in the model of goroutines, %d in that of an event loop", parallel.Points, loop.Points)
	}
	for _, wrong := range []func() *gate{
		func() *gate { return &gate{doubles: true} },
		func() *gate { return &gate{loses: true} },
	} {
		rec, _ := try(sim.Goroutines, wrong)
		rec.wantFailure(t, "canceled at schedule point ", " -anyio.cancelat=")
		again, _ := try(sim.Goroutines, wrong)
		if rec.text() != again.text() {
			t.Errorf("a second time the report was\n%s\nafter\n%s", again.text(), rec.text())
		}
	}
}

func body(f func(ctx context.Context) error) func() anyiotest.Scenario {
	return func() anyiotest.Scenario { return anyiotest.Scenario{Body: f} }
}

func TestCancelEverywhereReportsWhatElseIsWrong(t *testing.T) {
	runs := 0
	for _, c := range []struct {
		name     string
		scenario func() anyiotest.Scenario
		opts     []anyiotest.Option
		want     string
	}{
		{"an error without cancellation", body(func(context.Context) error { return errors.New("oops") }), nil,
			", not canceled: oops"},
		{"an error because of the cancellation", body(func(ctx context.Context) error {
			if anyio.Sleep(ctx, time.Second) != nil {
				return errors.New("gave up")
			}
			return nil
		}), nil, "canceled before the scenario began: gave up"},
		{"a panic when canceled", body(func(ctx context.Context) error {
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				panic("ouch")
			}
			return nil
		}), nil, "panicked: ouch"},
		{"a panic in a task", body(func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { panic("in a task") })
				return nil
			})
		}), []anyiotest.Option{anyiotest.RunOptions(anyio.OnPanic(func(*anyio.PanicError) {}))}, "panicked: in a task"},
		{"a scope is left open", body(func(ctx context.Context) error {
			anyio.OpenCancelScope(ctx)
			return nil
		}), nil, "end inner scopes first"},
		{"a task is left", body(func(ctx context.Context) error {
			_, tg := anyio.OpenTaskGroup(ctx)
			tg.Go(anyio.SleepForever, anyio.Name("leftover"))
			return anyio.Sleep(ctx, time.Second)
		}), nil, `these tasks still exist:
  task 2 "leftover", waiting for: SleepForever`},
		{"a task is left elsewhere", body(func(ctx context.Context) error {
			_, tg := anyio.OpenTaskGroup(context.Background())
			tg.Go(anyio.SleepForever, anyio.Name("stray"))
			return anyio.Sleep(ctx, time.Second)
		}), nil, `"stray"`},
		{"a deadlock when canceled", body(func(ctx context.Context) error {
			var ev anyio.Event
			if anyio.Sleep(ctx, time.Second) != nil {
				return anyio.Shielded(ctx, anyio.Forever, ev.Wait)
			}
			return nil
		}), nil, "deadlock"},
		{"a loop without end", body(func(ctx context.Context) error {
			for {
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
		}), []anyiotest.Option{anyiotest.SimConfig(func(c *sim.Config) { c.MaxSteps = 1000 })}, "livelock"},
		{"a scenario that is too long", body(func(ctx context.Context) error {
			for range 20 {
				if err := anyio.Sleep(ctx, 0); err != nil {
					return err
				}
			}
			return nil
		}), []anyiotest.Option{anyiotest.MaxPoints(10)}, "more than 10: make it smaller or set MaxPoints"},
		{"other steps each time", body(func(ctx context.Context) error {
			if runs++; runs > 1 {
				return nil
			}
			return anyio.Sleep(ctx, time.Second)
		}), nil, "it depends on something else than the seed"},
		{"a set-up that fails", func() anyiotest.Scenario {
			return anyiotest.Scenario{SetUp: func(context.Context) error { return errors.New("no space") }}
		}, nil, "not canceled: set-up: no space"},
		{"a wrong option", nil, []anyiotest.Option{anyiotest.Seeds()}, "at least one seed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := newRecorder(t)
			opts := append([]anyiotest.Option{anyiotest.Seeds(1)}, c.opts...)
			rec.run(func() { anyiotest.CancelOnlyAt(rec, -1, c.scenario, opts...) })
			rec.wantFailure(t, c.want)
		})
	}
}

func TestCancelEverywhereNeedsTheSimulator(t *testing.T) {
	for why, opt := range map[string]anyiotest.Option{
		"no network there":             anyiotest.Skip("sim", "no network there"),
		"which this test does not use": anyiotest.Only("parallel"),
	} {
		rec := newRecorder(t)
		rec.run(func() {
			anyiotest.CancelEverywhere(rec, body(func(context.Context) error { return errors.New("ran") }), opt)
		})
		rec.wantPass(t)
		rec.wantLog(t, why)
		if !rec.skipped {
			t.Errorf("%s: want a skip", why)
		}
	}
}

func TestFatalInAScenarioTellsWhere(t *testing.T) {
	rec := newRecorder(t)
	rec.run(func() {
		anyiotest.CancelOnlyAt(rec, -1, body(func(ctx context.Context) error {
			if anyio.Sleep(ctx, time.Second) != nil {
				rec.Fatal("no more")
			}
			return nil
		}), anyiotest.Seeds(1))
	})
	rec.wantFailure(t, "no more", "canceled before the scenario began: the scenario ended the test")
}

func TestCancelEverywhereCancelsAtEachPointOnce(t *testing.T) {
	seen := make(map[time.Duration]int) // virtual times at which the body ended
	rec := newRecorder(t)
	var report anyiotest.CancelReport
	rec.run(func() {
		report = anyiotest.CancelOnlyAt(rec, -1, func() anyiotest.Scenario {
			var at time.Duration
			var ev anyio.Event
			return anyiotest.Scenario{
				SetUp: func(context.Context) error { ev.Set(); return nil },
				Body: func(ctx context.Context) error {
					begin := anyio.Now(ctx)
					defer func() { at = anyio.Now(ctx).Sub(begin) }()
					for range 3 {
						if err := ev.Wait(ctx); err != nil {
							return err
						}
						if err := anyio.Sleep(ctx, time.Second); err != nil {
							return err
						}
					}
					return nil
				},
				Check: func(ctx context.Context, err error) error {
					seen[at]++
					return err
				},
			}
		}, anyiotest.Seeds(1))
	})
	rec.wantPass(t)
	// Before all; at each Wait, which need not wait; and at the end of each Sleep,
	// which is noticed by the next call. The last time is also that of the whole.
	n := 2 * report.Seeds
	want := map[time.Duration]int{0: n, time.Second: n, 2 * time.Second: n, 3 * time.Second: n}
	if !maps.Equal(seen, want) || report.Points != 7*report.Seeds {
		t.Errorf("canceled %d times, at %v, want %d, %v", report.Points, seen, 7*report.Seeds, want)
	}
}
