//anyiovet:ignore scopeend what is left open is found out

package anyiotest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
)

func backendOf(ctx context.Context) string { return kernel.Locate(ctx).Run().Backend.Name() }

func TestRunUsesEveryBackendAndSeed(t *testing.T) {
	var names []string
	t.Run("x", func(t *testing.T) {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			_, after, _ := strings.Cut(t.Name(), "/x/")
			names = append(names, after)
			if got := backendOf(ctx); !strings.HasPrefix(after, got) {
				t.Errorf("runs on %s", got)
			}
		}, anyiotest.Seeds(4, 9))
	})
	want, seeds, err := anyiotest.CheckPlan(flagValue("anyio.backends"), flagValue("anyio.seeds"), anyiotest.Seeds(4, 9))
	if err != nil {
		t.Fatal(err)
	}
	if i := slices.Index(want, "sim"); i >= 0 {
		want = want[:i:i]
		for _, s := range seeds {
			want = append(want, "sim/seed="+itoa(s))
		}
	}
	if !slices.Equal(names, want) {
		t.Errorf("subtests %q, want %q", names, want)
	}
}

func TestSkippedBackendIsVisibleWithItsReason(t *testing.T) {
	ran := map[string]bool{}
	t.Run("x", func(t *testing.T) {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			ran[backendOf(ctx)] = true
		}, anyiotest.Skip("asyncio", "to see a skip"))
	})
	if ran["eventloop"] {
		t.Error("the event loop was to be skipped")
	}
}

func TestPlanOfFlagsAndOptions(t *testing.T) {
	all := []string{"parallel", "eventloop", "sim"}
	for _, c := range []struct {
		name, backends, seeds string
		opts                  []anyiotest.Option
		want                  []string
		wantSeeds             []uint64
		wantErr               string
	}{
		{name: "nothing said", want: all, wantSeeds: []uint64{1, 2, 3}},
		{name: "all", backends: "all", want: all},
		{name: "order is fixed", backends: "sim,parallel", want: []string{"parallel", "sim"}},
		{name: "aliases", backends: "trio, asyncio", want: []string{"parallel", "eventloop"}},
		{name: "unknown backend", backends: "curio", wantErr: "known: eventloop, eventloops, parallel, sim"},
		{name: "seeds", seeds: "1,2,7", wantSeeds: []uint64{1, 2, 7}},
		{name: "ranges, each seed once", seeds: "3-5,4,1", wantSeeds: []uint64{3, 4, 5, 1}},
		{name: "flag before option", seeds: "8", opts: []anyiotest.Option{anyiotest.Seeds(5)}, wantSeeds: []uint64{8}},
		{name: "option before default", opts: []anyiotest.Option{anyiotest.Seeds(5)}, wantSeeds: []uint64{5}},
		{name: "largest seed", seeds: "18446744073709551614-18446744073709551615", wantSeeds: []uint64{1<<64 - 2, 1<<64 - 1}},
		{name: "no number", seeds: "1,x", wantErr: `"x" is neither a number nor a range`},
		{name: "backward range", seeds: "5-1", wantErr: `"5-1" is neither`},
		{name: "open range", seeds: "5-", wantErr: `"5-" is neither`},
		{name: "absurd range", seeds: "1-99999999999", wantErr: "more than 1000000 seeds"},
		{name: "only", opts: []anyiotest.Option{anyiotest.Only("trio")}, want: []string{"parallel"}},
		{name: "only what the flag leaves out", backends: "sim", opts: []anyiotest.Option{anyiotest.Only("parallel")}, want: []string{}},
		{name: "only nothing", opts: []anyiotest.Option{anyiotest.Only()}, wantErr: "at least one backend"},
		{name: "only unknown", opts: []anyiotest.Option{anyiotest.Only("x"), anyiotest.Only()}, wantErr: `no such backend: "x"`},
		{name: "skip without reason", opts: []anyiotest.Option{anyiotest.Skip("sim", "")}, wantErr: "say why"},
		{name: "skip unknown", opts: []anyiotest.Option{anyiotest.Skip("x", "y")}, wantErr: `no such backend: "x"`},
		{name: "no seeds", opts: []anyiotest.Option{anyiotest.Seeds()}, wantErr: "at least one seed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			names, seeds, err := anyiotest.CheckPlan(c.backends, c.seeds, c.opts...)
			if c.wantErr != "" {
				if err == nil || !strings.Contains(err.Error(), c.wantErr) {
					t.Errorf("error %v, want one with %q", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.want != nil && !slices.Equal(names, c.want) {
				t.Errorf("backends %q, want %q", names, c.want)
			}
			if c.wantSeeds != nil && !slices.Equal(seeds, c.wantSeeds) {
				t.Errorf("seeds %d, want %d", seeds, c.wantSeeds)
			}
		})
	}
}

func TestModelIsThatOfTheFlagUnlessTheTestSetsOne(t *testing.T) {
	set := func(m sim.Model) anyiotest.Option {
		return anyiotest.SimConfig(func(c *sim.Config) { c.Model = m })
	}
	for _, c := range []struct {
		flag string
		opts []anyiotest.Option
		want sim.Model
	}{
		{"", nil, sim.EventLoop},
		{"eventloop", nil, sim.EventLoop},
		{"goroutines", nil, sim.Goroutines},
		{"", []anyiotest.Option{set(sim.Goroutines)}, sim.Goroutines},
		{"goroutines", []anyiotest.Option{set(sim.EventLoop)}, sim.EventLoop},
	} {
		m, replay, err := anyiotest.CheckModel(c.flag, c.opts...)
		if err != nil || m != c.want {
			t.Errorf("flag %q: %v, %v, want %v", c.flag, m, err, c.want)
		}
		if got := strings.Contains(replay, " -anyio.model=goroutines "); got != (c.flag == "goroutines") {
			t.Errorf("flag %q: replay: %s", c.flag, replay)
		}
	}
	if _, _, err := anyiotest.CheckModel("threads"); err == nil || !strings.Contains(err.Error(), "the models are eventloop and goroutines") {
		t.Errorf("an unknown model: %v", err)
	}
}

func TestReplayCommandNamesTestAndSeed(t *testing.T) {
	want := "go test -run '^TestX$/^a\\.b$/^sim$/^seed=7$'"
	if race.Enabled {
		want = strings.Replace(want, "test", "test -race", 1)
	}
	if got := anyiotest.TestCommand("TestX/a.b/sim/seed=7"); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDeadlockFailsWithReportAndReplay(t *testing.T) {
	stuck := func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ev anyio.Event
			tg.Go(ev.Wait, anyio.Name("waiter"))
			return ev.Wait(ctx)
		})
	}
	report := []string{"deadlock", `"waiter" waits for Event.Wait`, "replay: go again"}
	t.Run("the test returns", func(t *testing.T) {
		rec := newRecorder(t)
		rec.run(func() {
			anyiotest.Execute(rec, "go again", func(ctx context.Context) { _ = stuck(ctx) }, anyio.On(sim.New(sim.Config{})))
		})
		rec.wantFailure(t, report...)
	})
	t.Run("the test calls Fatal", func(t *testing.T) {
		rec := newRecorder(t)
		rec.run(func() {
			anyiotest.Execute(rec, "go again", func(ctx context.Context) {
				_ = stuck(ctx)
				rec.FailNow()
			}, anyio.On(sim.New(sim.Config{})))
		})
		rec.wantFailure(t, report...)
	})
}

func TestPassingTestPrintsNoReplay(t *testing.T) {
	rec := newRecorder(t)
	rec.run(func() {
		anyiotest.Execute(rec, "go again", func(ctx context.Context) {}, anyio.On(sim.New(sim.Config{})))
	})
	rec.wantPass(t)
	if rec.text() != "" {
		t.Errorf("want an empty log, got %s", rec.text())
	}
}

func TestPanicGoesOnWithReplay(t *testing.T) {
	rec := newRecorder(t)
	v := rec.run(func() {
		anyiotest.Execute(rec, "go again", func(ctx context.Context) { panic("ouch") }, anyio.On(sim.New(sim.Config{})))
	})
	var pe *anyio.PanicError
	if err, _ := v.(error); !errors.As(err, &pe) || pe.Value != "ouch" {
		t.Errorf("panicked with %v", v)
	}
	rec.wantLog(t, "replay: go again")
}

func TestFatalAndSkipInTasksEndTheTest(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		b, err := anyio.BackendByName(backendOf(ctx))
		if err != nil {
			t.Fatal(err)
		}
		for name, stop := range map[string]func(r *recorder){
			"fatal": func(r *recorder) { r.Fatal("no more") },
			"skip":  func(r *recorder) { r.SkipNow() },
		} {
			rec := newRecorder(t)
			cleaned, after := false, false
			rec.run(func() {
				anyiotest.Execute(rec, "", func(ctx context.Context) {
					_ = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						tg.Go(func(ctx context.Context) error { stop(rec); return nil })
						err := anyio.SleepForever(ctx)
						cleaned = true
						return err
					})
					after = true
				}, anyio.On(b))
			})
			if !cleaned || after {
				t.Errorf("%s: sibling canceled %v (want true), test went on %v (want false)", name, cleaned, after)
			}
			if rec.Failed() != (name == "fatal") || rec.skipped != (name == "skip") {
				t.Errorf("%s: failed %v, skipped %v", name, rec.Failed(), rec.skipped)
			}
		}
	})
}

func TestRunOptionsAndSimConfigAreUsed(t *testing.T) {
	steps := 0
	t.Run("x", func(t *testing.T) {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			if got := kernel.Locate(ctx).Task().Name(); got != "boss" {
				t.Errorf("main task is called %q", got)
			}
			if err := anyio.Sleep(ctx, time.Hour); err != nil {
				t.Error(err)
			}
		}, anyiotest.Only("sim"), anyiotest.RunOptions(anyio.MainName("boss")),
			anyiotest.SimConfig(func(c *sim.Config) { c.OnStep = func(sim.Step) { steps++ } }))
	})
	if names, _, _ := anyiotest.CheckPlan(flagValue("anyio.backends"), ""); slices.Contains(names, "sim") && steps == 0 {
		t.Error("OnStep of the simulator was not called")
	}
}

func TestMainTaskIsNamedAfterTheTest(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if got := kernel.Locate(ctx).Task().Name(); got != t.Name() {
			t.Errorf("main task is called %q, want %q", got, t.Name())
		}
	})
}

func TestHangingTestPrintsItsTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		rec := newRecorder(t)
		rec.deadline = time.Now() // has come: the report is due at once
		out := newOutput()
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ev anyio.Event
			tg.Go(ev.Wait, anyio.Name("stuck"))
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
			defer anyiotest.Watch(rec, ctx, out)()
			<-out.written // as a test that hangs outside any wait of ours
			ev.Set()
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		for _, want := range []string{"TestRecorded/sim still runs", `"stuck" waits for Event.Wait`, "runs, or is ready to"} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("want %q in\n%s", want, out.String())
			}
		}
	})
}

func TestHangIsReportedWellBeforeTheDeadline(t *testing.T) {
	for left, want := range map[time.Duration]time.Duration{
		10 * time.Minute: 5 * time.Second,
		10 * time.Second: time.Second,
		-time.Second:     0,
	} {
		if got := anyiotest.WatchMargin(left); got != want {
			t.Errorf("with %v left the margin is %v, want %v", left, got, want)
		}
	}
}

func TestTasksLeftByATestAreReportedAndEnded(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		ended := make(chan struct{}, 1)
		rec, _ := inRun(t, ctx, func(rec *recorder, ctx context.Context) {
			_, tg := anyio.OpenTaskGroup(ctx)
			tg.Go(func(ctx context.Context) error {
				defer func() { ended <- struct{}{} }()
				return anyio.SleepForever(ctx)
			}, anyio.Name("leftover"))
		})
		rec.wantFailure(t, "these tasks still exist", `"leftover"`, "end what you open")
		<-ended
	})
}
