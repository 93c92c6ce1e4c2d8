package sim_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A shop has what the tasks of a random program select among.
type shop struct {
	sends    [3]*stream.MemorySendStream[int]
	receives [3]*stream.MemoryReceiveStream[int]
	event    anyio.Event
	future   *anyio.Future[int]
	first    *anyio.TaskHandle
}

// draw draws an operation of a task, by its number.
func (s *shop) draw(r *rand.Rand) (name string, f func(ctx context.Context, me int) any) {
	i := r.IntN(len(s.sends))
	switch r.IntN(8) {
	case 0:
		return fmt.Sprint("send ", i), func(ctx context.Context, me int) any { return s.sends[i].TrySend(me) }
	case 1:
		return fmt.Sprint("receive ", i), func(ctx context.Context, me int) any {
			v, err := s.receives[i].TryReceive()
			return fmt.Sprint(v, err)
		}
	case 2:
		return "set", func(context.Context, int) any { s.event.Set(); return nil }
	case 3:
		return "finish", func(_ context.Context, me int) any { return s.future.Set(me) }
	case 4:
		return fmt.Sprint("look ", i), func(context.Context, int) any { return s.sends[i].Statistics().CurrentBufferUsed }
	}
	which := r.Perm(9)[:2+r.IntN(2)]
	waits := r.IntN(2) == 0
	return fmt.Sprint("select ", which, waits), func(ctx context.Context, me int) any {
		var v int
		var cases []anyio.Case
		for _, k := range which {
			cases = append(cases, s.kase(k, me, &v))
		}
		if waits {
			at, err := anyio.Select(ctx, cases...)
			return fmt.Sprint(at, v, err)
		}
		at, ok, err := anyio.TrySelect(cases...)
		return fmt.Sprint(at, ok, v, err)
	}
}

func (s *shop) kase(k, me int, v *int) anyio.Case {
	switch {
	case k < 3:
		return anyio.OnReceive(s.receives[k], v)
	case k < 6:
		return anyio.OnSend(s.sends[k-3], me)
	case k == 6:
		return anyio.OnEvent(&s.event)
	case k == 7:
		return anyio.OnFuture(s.future)
	}
	return anyio.OnTask(s.first)
}

// shopping draws a program, and returns what runs it and says what its tasks have seen.
func shopping(seed uint64) (text string, run func(t *testing.T, cfg sim.Config) string) {
	texts := make([]string, 0, 3)
	program := func() (s *shop, tasks [][]func(ctx context.Context, me int) any) {
		texts = texts[:0]
		s = &shop{future: anyio.NewFuture[int]("f")}
		r := rand.New(rand.NewPCG(seed, 9))
		for i := range s.sends {
			s.sends[i], s.receives[i] = stream.Memory[int](i) // the first one without a buffer
		}
		for range 2 + r.IntN(5)/4 {
			var ops []func(ctx context.Context, me int) any
			for range 1 + r.IntN(2) {
				name, f := s.draw(r)
				texts, ops = append(texts, name), append(ops, f)
			}
			texts, tasks = append(texts, ";"), append(tasks, ops)
		}
		return s, tasks
	}
	program()
	return strings.Join(texts, " "), func(t *testing.T, cfg sim.Config) string {
		s, tasks := program()
		saw := make([][]any, len(tasks))
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			for i := range s.sends {
				defer s.sends[i].Close(ctx)
				defer s.receives[i].Close(ctx)
			}
			testkit.WantNil(t, "the third stream is filled", s.sends[2].TrySend(7))
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				s.first = tg.Go(func(context.Context) error { return nil })
				for i, ops := range tasks {
					tg.Go(func(ctx context.Context) error {
						for _, f := range ops {
							saw[i] = append(saw[i], f(ctx, i))
						}
						return nil
					})
				}
				return nil
			})
		}, anyio.On(sim.New(cfg)))
		return fmt.Sprint(saw, ending(err))
	}
}

// ending is how a run has ended.
func ending(err error) string {
	var stuck *sim.DeadlockError
	if !errors.As(err, &stuck) {
		return fmt.Sprint(err)
	}
	var waits []string
	for _, task := range stuck.Tasks {
		waits = append(waits, task.Name+" "+task.WaitsFor)
	}
	slices.Sort(waits)
	return "deadlock: " + strings.Join(waits, ", ")
}

// What an Explorer sees of programs with Selects is all that there is, with and without
// reduction: as much as is seen by counting.
func TestExplorerSeesAllThatSelectsMayTake(t *testing.T) {
	programs, most := 200, 150
	switch {
	case *allFlag:
		most = 3000
	case testing.Short() || race.Enabled:
		programs = 20
	}
	counted, reduced, vain, drawn, compared := 0, 0, 0, 0, 0
	for seed := uint64(0); compared < programs; seed++ {
		model := sim.Model(seed % 2)
		text, run := shopping(seed)
		runs, want := 0, map[string]bool{}
		for c := new(testkit.Counting); runs <= most && c.Next(); runs++ {
			want[run(t, sim.Config{Strategy: sim.StrategyOf(c), Model: model})] = true
		}
		if runs > most {
			continue
		}
		compared++
		counted += runs
		for _, unreduced := range []bool{true, false} {
			x, got := sim.Explorer{Unreduced: unreduced}, map[string]bool{}
			for x.Next() {
				got[run(t, sim.Config{Strategy: x.Strategy(), Model: model})] = true
			}
			if x.Err() != nil || len(got) != len(want) || unreduced && x.Runs() != runs {
				t.Fatalf("%d, %v: %s: %d runs show %d outcomes, error %v; counted there are %d with %d", seed, model, text, x.Runs(), len(got), x.Err(), runs, len(want))
			}
			for outcome := range want {
				if !got[outcome] {
					t.Fatalf("%d, %v: %s: never seen: %s", seed, model, text, outcome)
				}
			}
			if !unreduced {
				reduced, vain = reduced+x.Runs(), vain+x.InVain()
			}
		}
		usual := 0
		for c := new(testkit.Counting); c.Next(); usual++ {
			run(t, sim.Config{Strategy: sim.StrategyOf(struct{ schedule.Chooser }{c}), Model: model})
		}
		if usual < runs {
			drawn++
		}
	}
	t.Logf("%d programs: %d runs, with reduction %d, of them %d in vain; Selects had a choice in %d programs", compared, counted, reduced, vain, drawn)
	if drawn < programs/5 || reduced*2 > counted {
		t.Errorf("Selects had a choice in %d of %d programs; %d of %d runs are left after reduction", drawn, programs, reduced, counted)
	}
}

// Of several choices in one step all outcomes are seen, each once.
func TestExplorerDrawsOftenInOneStep(t *testing.T) {
	x, saw := sim.Explorer{}, map[[4]int]int{}
	for x.Next() {
		var took [4]int
		err := anyio.Run(t.Context(), func(context.Context) error {
			var event anyio.Event
			event.Set()
			for i, n := range []int{2, 2, 2, 3} {
				var cases []anyio.Case
				for range n {
					cases = append(cases, anyio.OnEvent(&event))
				}
				took[i], _, _ = anyio.TrySelect(cases...)
			}
			return nil
		}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy()})))
		testkit.Must(t, err)
		saw[took]++
	}
	if len(saw) != 24 || x.Runs() != 24 || x.Err() != nil {
		t.Errorf("%d outcomes in %d runs, error %v, want 24: %v", len(saw), x.Runs(), x.Err(), saw)
	}
}

// fork fails if its Selects take what they must not: of two events that are set, so many
// times the second one.
func fork(cfg sim.Config, events, seconds int) (*sim.Sim, error) {
	s := sim.New(cfg)
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		set := make([]anyio.Event, events)
		var cases []anyio.Case
		for i := range set {
			set[i].Set()
			cases = append(cases, anyio.OnEvent(&set[i]))
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(lowlevel.Checkpoint)
			for n := 0; n < 5; n++ {
				at, err := anyio.Select(ctx, cases...)
				if err != nil {
					return err
				}
				if seconds -= at; seconds == 0 {
					return errFound
				}
			}
			return nil
		})
	}, anyio.On(s))
	return s, err
}

// Runs in which Selects take other cases have other hashes, also if the order of tasks is the
// same: so a run that is made again is told from one that only looks like it.
func TestHashTellsWhatSelectsTake(t *testing.T) {
	x, hashes := sim.Explorer{}, map[uint64]bool{}
	for x.Next() {
		s := sim.New(sim.Config{Strategy: x.Strategy()})
		testkit.Must(t, anyio.Run(t.Context(), func(context.Context) error {
			var event anyio.Event
			event.Set()
			for _, n := range []int{2, 3, 2} {
				var cases []anyio.Case
				for range n {
					cases = append(cases, anyio.OnEvent(&event))
				}
				if _, ok, err := anyio.TrySelect(cases...); !ok || err != nil {
					t.Errorf("a Select of events that are set: %t, %v", ok, err)
				}
			}
			return nil
		}, anyio.On(s)))
		hashes[s.Hash()] = true
	}
	if x.Runs() != 12 || len(hashes) != 12 || x.Err() != nil {
		t.Errorf("%d runs have %d hashes, error %v, want 12", x.Runs(), len(hashes), x.Err())
	}
}

// A failure that needs what Selects have taken has a schedule that tells it: it is made again,
// made simpler with as many such choices as it needs, and another program is told from it.
func TestScheduleOfAnExplorerTellsWhatSelectsTake(t *testing.T) {
	for _, needs := range []int{1, 3, 5} {
		var failed *sim.Sim
		x := sim.Explorer{Unreduced: true}
		for x.Next() {
			if s, err := fork(sim.Config{Strategy: x.Strategy(), Seed: 4, Model: sim.Goroutines}, 2, needs); errors.Is(err, errFound) {
				failed = s // the last one
			}
		}
		if failed == nil {
			t.Fatalf("%d: no run fails in %d, error %v", needs, x.Runs(), x.Err())
		}
		word := failed.Schedule()
		again, err := fork(sim.Config{Replay: word}, 2, needs)
		if !errors.Is(err, errFound) || again.Schedule() != word || again.Hash() != failed.Hash() || again.Diverged() != "" {
			t.Errorf("%d: %s becomes %s: %v, %s", needs, word, again.Schedule(), err, again.Diverged())
		}
		least := failed.Shrink(t.Context(), 500, func(word string) *sim.Sim {
			s, err := fork(sim.Config{Replay: word}, 2, needs)
			if !errors.Is(err, errFound) {
				return nil
			}
			return s
		})
		plan, err := schedule.Parse(least)
		if err != nil || len(plan.Draws) != needs || len(plan.Switches) != 0 || !plan.Drawn {
			t.Errorf("%d: %d choices and %d switches are left, error %v", needs, len(plan.Draws), len(plan.Switches), err)
		}
		fewer, err := fork(sim.Config{Replay: least}, 1, needs)
		if got := fewer.Diverged(); err != nil || !strings.Contains(got, "a Select has more cases to choose from in the schedule, at least 2 that are ready") {
			t.Errorf("%d: of one event the run says %q, error %v", needs, got, err)
		}
	}
}

// A schedule that was told before Selects were explored is made again as it was.
func TestScheduleOfASeedLetsTheSeedDraw(t *testing.T) {
	for seed := range uint64(40) {
		s, err := fork(sim.Config{Strategy: sim.Random(), Seed: seed}, 3, 2)
		again, same := fork(sim.Config{Replay: s.Schedule()}, 3, 2)
		if !strings.HasPrefix(s.Schedule(), "s1.") || again.Schedule() != s.Schedule() || fmt.Sprint(same) != fmt.Sprint(err) {
			t.Errorf("%d: %s becomes %s: %v in place of %v", seed, s.Schedule(), again.Schedule(), same, err)
		}
	}
}

// A native channel is looked into without a loss, and one that is empty is not ready.
func TestExplorerLooksIntoAChannel(t *testing.T) {
	for items, want := range map[int]string{0: "map[1,0,0:true]", 2: "map[0,1,2:true 1,0,1:true]"} {
		x, saw := sim.Explorer{}, map[string]bool{}
		for x.Next() {
			ch := make(chan int, 2)
			for i := range items {
				ch <- i + 1
			}
			r := stream.FromChan(ch)
			var event anyio.Event
			event.Set()
			err := anyio.Run(t.Context(), func(ctx context.Context) error {
				var v int
				at, err := anyio.Select(ctx, anyio.OnReceive(r, &v), anyio.OnEvent(&event))
				next, _ := r.TryReceive()
				saw[fmt.Sprint(at, ",", v, ",", next)] = true
				return err
			}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy()})))
			testkit.Must(t, err)
		}
		if got := fmt.Sprint(saw); got != want || x.Err() != nil {
			t.Errorf("%d items: %s, error %v, want %s", items, got, x.Err(), want)
		}
	}
}

// Of the cases of timers, ticks, tasks and queues of users all are taken that are ready.
func TestExplorerTakesAllKindsOfCases(t *testing.T) {
	for _, model := range []sim.Model{sim.EventLoop, sim.Goroutines} {
		x, took := sim.Explorer{}, map[int]int{}
		for x.Next() {
			lot, free := lowlevel.ParkingLot{}, 1
			many := stream.Broadcast[int](stream.BroadcastConfig{})
			listener := many.Subscribe()
			err := anyio.Run(t.Context(), func(ctx context.Context) error {
				defer many.Close(ctx)
				defer listener.Close(ctx)
				testkit.WantNil(t, "an item is sent", many.TrySend(1))
				tick := anyio.NewTicker(ctx, 1)
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					h := tg.Go(lowlevel.Checkpoint)
					if err := anyio.Sleep(ctx, 1); err != nil {
						return err
					}
					at, err := anyio.Select(ctx, anyio.OnTimer(0), anyio.OnTick(tick), anyio.OnTask(h), anyio.OnReceive(listener, nil),
						lot.Case(func() bool { return free > 0 }, func(bool) error { free--; return nil }), anyio.OnTimer(5), anyio.Case{})
					took[at]++
					return err
				})
			}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy(), Model: model})))
			testkit.Must(t, err)
		}
		if x.Err() != nil || len(took) != 5 || took[5] > 0 {
			t.Errorf("%v: the cases that were taken are %v, error %v", model, took, x.Err())
		}
	}
}
