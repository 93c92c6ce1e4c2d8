package sim_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// world has what the tasks of a random program share.
type world struct {
	lock    anyio.Lock
	rw      anyio.RWLock
	sem     *anyio.Semaphore
	limiter *anyio.CapacityLimiter
	cond    *anyio.Condition
	event   anyio.Event
	future  *anyio.Future[int]
	guard   anyio.ResourceGuard
	send    *stream.MemorySendStream[int]
	receive *stream.MemoryReceiveStream[int]
	many    *stream.BroadcastSendStream[int]
	tg      *anyio.TaskGroup
	first   *anyio.TaskHandle
}

// do is one operation. What it returns depends on what others have done.
type do struct {
	on   string // the object, if it is one
	name string
	f    func(ctx context.Context, w *world, me int) any
}

var dos = []do{
	{"lock", "lock", func(ctx context.Context, w *world, me int) any { return w.lock.Acquire(ctx) }},
	{"lock", "trylock", func(_ context.Context, w *world, me int) any { return w.lock.TryAcquire() }},
	{"lock", "unlock", func(_ context.Context, w *world, me int) any { return caught(w.lock.Release) }},
	{"lock", "locked", func(_ context.Context, w *world, me int) any { return w.lock.Locked() }},
	{"lock", "lock statistics", func(_ context.Context, w *world, me int) any { return w.lock.Statistics().TasksWaiting }},
	{"rw", "read", func(ctx context.Context, w *world, me int) any { return w.rw.AcquireRead(ctx) }},
	{"rw", "write", func(ctx context.Context, w *world, me int) any { return w.rw.Acquire(ctx) }},
	{"rw", "tryread", func(_ context.Context, w *world, me int) any { return w.rw.TryAcquireRead() }},
	{"rw", "unread", func(_ context.Context, w *world, me int) any { return caught(w.rw.ReleaseRead) }},
	{"rw", "unwrite", func(_ context.Context, w *world, me int) any { return caught(w.rw.Release) }},
	{"semaphore", "take", func(ctx context.Context, w *world, me int) any { return w.sem.Acquire(ctx) }},
	{"semaphore", "trytake", func(_ context.Context, w *world, me int) any { return w.sem.TryAcquire() }},
	{"semaphore", "give", func(_ context.Context, w *world, me int) any { return caught(w.sem.Release) }},
	{"semaphore", "value", func(_ context.Context, w *world, me int) any { return w.sem.Value() }},
	{"limiter", "borrow", func(ctx context.Context, w *world, me int) any { return w.limiter.AcquireOnBehalfOf(ctx, me) }},
	{"limiter", "return", func(_ context.Context, w *world, me int) any {
		return caught(func() { w.limiter.ReleaseOnBehalfOf(me) })
	}},
	{"limiter", "more", func(_ context.Context, w *world, me int) any { w.limiter.SetTotalTokens(2); return nil }},
	{"limiter", "borrowed", func(_ context.Context, w *world, me int) any { return w.limiter.BorrowedTokens() }},
	{"condition", "wait", func(ctx context.Context, w *world, me int) any {
		return w.cond.Do(ctx, func(ctx context.Context) error { return w.cond.Wait(ctx) })
	}},
	{"condition", "notify", func(ctx context.Context, w *world, me int) any {
		return w.cond.Do(ctx, func(context.Context) error { w.cond.Notify(1); return nil })
	}},
	{"condition", "waiting", func(_ context.Context, w *world, me int) any { return w.cond.TasksWaiting() }},
	{"event", "set", func(_ context.Context, w *world, me int) any { w.event.Set(); return nil }},
	{"event", "is set", func(_ context.Context, w *world, me int) any { return w.event.IsSet() }},
	{"event", "event", func(ctx context.Context, w *world, me int) any { return w.event.Wait(ctx) }},
	{"future", "finish", func(_ context.Context, w *world, me int) any { return w.future.Set(me) }},
	{"future", "future", func(_ context.Context, w *world, me int) any { v, err := w.future.Value(); return fmt.Sprint(v, err) }},
	{"guard", "guard", func(_ context.Context, w *world, me int) any { return w.guard.Acquire() }},
	{"stream", "send", func(ctx context.Context, w *world, me int) any { return w.send.Send(ctx, me) }},
	{"stream", "trysend", func(_ context.Context, w *world, me int) any { return w.send.TrySend(me) }},
	{"stream", "receive", func(ctx context.Context, w *world, me int) any {
		v, err := w.receive.Receive(ctx)
		return fmt.Sprint(v, err)
	}},
	{"stream", "tryreceive", func(_ context.Context, w *world, me int) any {
		v, err := w.receive.TryReceive()
		return fmt.Sprint(v, err)
	}},
	{"stream", "close", func(ctx context.Context, w *world, me int) any { return w.send.Close(ctx) }},
	{"stream", "buffered", func(_ context.Context, w *world, me int) any { return w.send.Statistics().CurrentBufferUsed }},
	{"broadcast", "broadcast", func(_ context.Context, w *world, me int) any { return w.many.TrySend(me) }},
	{"broadcast", "subscribe", func(_ context.Context, w *world, me int) any {
		r := w.many.Subscribe()
		defer r.Close(context.Background())
		v, err := r.TryReceive()
		return fmt.Sprint(v, err)
	}},
	{"stream", "select", func(ctx context.Context, w *world, me int) any {
		var v int
		i, err := anyio.Select(ctx, anyio.OnReceive(w.receive, &v), anyio.OnEvent(&w.event))
		return fmt.Sprint(i, v, err)
	}},
	{"stream", "tryselect", func(_ context.Context, w *world, me int) any {
		i, ok, err := anyio.TrySelect(anyio.OnSend(w.send, me), anyio.OnFuture(w.future))
		return fmt.Sprint(i, ok, err)
	}},
	{"group", "cancel", func(_ context.Context, w *world, me int) any { w.tg.Cancel("enough"); return nil }},
	{"first", "cancel one", func(_ context.Context, w *world, me int) any { w.first.Cancel("enough"); return nil }},
	{"group", "canceled", func(ctx context.Context, w *world, me int) any { return ctx.Err() }},
	{"first", "status", func(_ context.Context, w *world, me int) any { return w.first.Status() }},
	{"first", "join", func(ctx context.Context, w *world, me int) any { return w.first.Wait(ctx) }},
	{"group", "start", func(_ context.Context, w *world, me int) any {
		return caught(func() { w.tg.Go(func(context.Context) error { return w.future.Set(me) }) })
	}},
	{"", "group", func(ctx context.Context, w *world, me int) any {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return w.sem.Do(ctx, func(context.Context) error { return nil }) })
			tg.Go(func(context.Context) error { w.event.Set(); return nil })
			return nil
		})
	}},
	{"", "start and wait", func(ctx context.Context, w *world, me int) any {
		v, err := anyio.Start(ctx, w.tg, func(ctx context.Context, started func(int)) error {
			started(w.sem.Value())
			return w.event.Wait(ctx)
		})
		return fmt.Sprint(v, err)
	}},
	{"", "race", func(ctx context.Context, w *world, me int) any {
		v, err := anyio.Race(ctx, func(ctx context.Context) (int, error) { return 1, w.event.Wait(ctx) },
			func(ctx context.Context) (int, error) { return 2, w.lock.TryAcquire() })
		return fmt.Sprint(v, err)
	}},
	{"", "scope", func(ctx context.Context, w *world, me int) any {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			w.tg.Go(func(context.Context) error { s.Cancel("enough"); return nil })
			return w.sem.Acquire(ctx)
		})
	}},
	{"", "timeout", func(ctx context.Context, w *world, me int) any {
		late, err := anyio.MoveOnAfter(ctx, 1, w.event.Wait)
		return fmt.Sprint(late, err)
	}},
	{"", "shield", func(ctx context.Context, w *world, me int) any {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.SetShield(true)
			return w.lock.Do(ctx, func(context.Context) error { return nil })
		})
	}},
	{"group", "fail", func(_ context.Context, w *world, me int) any { return failure(me) }},
	{"", "pass", func(ctx context.Context, w *world, me int) any { return lowlevel.Checkpoint(ctx) }},
	{"", "sleep", func(ctx context.Context, w *world, me int) any { return anyio.Sleep(ctx, 1) }},
	{"", "random", func(ctx context.Context, w *world, me int) any { return anyio.Rand(ctx).IntN(100) }},
}

type failure int

func (f failure) Error() string { return fmt.Sprintf("failure %d", int(f)) }

// caught calls what may panic because it is not its turn.
func caught(f func()) (err any) {
	defer func() {
		if v := recover(); v != nil {
			err = "panic"
		}
	}()
	f()
	return nil
}

// perform runs a program and returns what its tasks have seen.
func perform(t *testing.T, tasks [][]do, cfg sim.Config) string {
	saw := make([][]string, len(tasks))
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		w := &world{sem: anyio.NewSemaphore(1), limiter: anyio.NewCapacityLimiter(1), future: anyio.NewFuture[int]("f")}
		w.cond = anyio.NewCondition(nil)
		w.send, w.receive = stream.Memory[int](1)
		w.many = stream.Broadcast[int](stream.BroadcastConfig{})
		for _, r := range []anyio.Resource{w.send, w.receive, w.many} {
			defer r.Close(ctx)
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			w.tg = tg
			if slices.ContainsFunc(slices.Concat(tasks...), func(op do) bool { return op.on == "first" }) {
				w.first = tg.Go(lowlevel.Checkpoint)
			}
			for i, ops := range tasks {
				tg.Go(func(ctx context.Context) error {
					for _, op := range ops {
						got := op.f(ctx, w, i)
						if err, ok := got.(failure); ok {
							return err
						}
						saw[i] = append(saw[i], op.name+": "+fmt.Sprint(got))
					}
					return nil
				})
			}
			return nil
		})
	}, anyio.On(sim.New(cfg)))
	end := fmt.Sprint(err)
	var stuck *sim.DeadlockError
	if errors.As(err, &stuck) {
		var waits []string
		for _, task := range stuck.Tasks {
			waits = append(waits, task.Name+" "+task.WaitsFor)
		}
		slices.Sort(waits)
		end = "deadlock: " + strings.Join(waits, ", ")
	}
	return fmt.Sprint(saw, " ", end)
}

// outcomes are those of all schedules of a program.
func outcomes(t *testing.T, tasks [][]do, m sim.Model, e *sim.Explorer) (all []string, runs int) {
	seen := make(map[string]bool)
	for e.Next() {
		runs++
		seen[perform(t, tasks, sim.Config{Strategy: e.Strategy(), Model: m})] = true
		if runs == 500 {
			return nil, runs
		}
	}
	if err := e.Err(); err != nil {
		t.Fatalf("%v: %v", names(tasks), err)
	}
	for s := range seen {
		all = append(all, s)
	}
	slices.Sort(all)
	return all, runs
}

func names(tasks [][]do) (all [][]string) {
	for _, ops := range tasks {
		var of []string
		for _, op := range ops {
			of = append(of, op.name)
		}
		all = append(all, of)
	}
	return all
}

// reduce compares the outcomes of all schedules with those that are left after reduction, if
// there are not too many, and counts schedules.
func reduce(t *testing.T, tasks [][]do, m sim.Model) (every, some int) {
	t.Helper()
	want, every := outcomes(t, tasks, m, &sim.Explorer{Unreduced: true})
	if want == nil {
		return 0, 0
	}
	got, some := outcomes(t, tasks, m, &sim.Explorer{})
	if !slices.Equal(got, want) {
		missing := slices.DeleteFunc(slices.Clone(want), func(s string) bool { return slices.Contains(got, s) })
		t.Errorf("%v, %v: %d of %d outcomes with reduction (%d of %d schedules), not\n%s", names(tasks), m, len(got), len(want), some, every, strings.Join(missing, "\n"))
	}
	return every, some
}

var allFlag = flag.Bool("sim.all", false, "check the reduction with all programs on one object, in place of a few")

// Three operations on the same object, of two tasks: there what is not told shows most.
func TestReductionLosesNoOutcomeOnOneObject(t *testing.T) {
	every := 8
	switch {
	case *allFlag:
		every = 1
	case testing.Short() || race.Enabled:
		every = 80
	}
	n := 0
	for _, a := range dos {
		for _, b := range dos {
			for _, c := range dos {
				if a.on == "" || a.on != b.on || b.on != c.on {
					continue
				}
				if n++; n%every == 0 {
					reduce(t, [][]do{{a}, {b, c}}, sim.Goroutines)
				}
			}
		}
	}
}

// The reduction loses no outcome.
func TestReductionLosesNoOutcome(t *testing.T) {
	programs := 25
	if testing.Short() || race.Enabled {
		programs = 4
	}
	r := rand.New(rand.NewPCG(3, 4))
	every, some := 0, 0
	for range programs {
		var tasks [][]do
		for range 2 + r.IntN(2) {
			var ops []do
			for range 1 + r.IntN(3) {
				ops = append(ops, dos[r.IntN(len(dos))])
			}
			tasks = append(tasks, ops)
		}
		for _, m := range []sim.Model{sim.EventLoop, sim.Goroutines} {
			a, b := reduce(t, tasks, m)
			every, some = every+a, some+b
		}
	}
	t.Logf("%d schedules, %d after reduction", every, some)
	if some*2 > every {
		t.Errorf("%d of %d schedules are left after reduction", some, every)
	}
}

// A loop that does not run the program as it should ends.
func TestExplorerWantsItsRuns(t *testing.T) {
	var x sim.Explorer
	for n := 0; x.Next(); n++ {
		if n > 0 {
			t.Fatal("Next has no end")
		}
		err := anyio.Run(t.Context(), lowlevel.Checkpoint, anyio.On(sim.New(sim.Config{Strategy: x.Strategy(), StepTime: sim.Range{Max: 1}})))
		var misuse *anyio.MisuseError
		if !errors.As(err, &misuse) {
			t.Errorf("StepTime is explored: %v", err)
		}
	}
	var misuse *anyio.MisuseError
	if !errors.As(x.Err(), &misuse) || x.Next() {
		t.Errorf("the error is %v", x.Err())
	}
}

// A program that ends before it has come to where it was is another one.
func TestExplorerNoticesAShorterProgram(t *testing.T) {
	x := sim.Explorer{Unreduced: true}
	n := 0
	for x.Next() {
		if n++; n > 50 {
			t.Fatal("Next has no end")
		}
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			if n > 1 {
				return nil
			}
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(lowlevel.Checkpoint)
				tg.Go(lowlevel.Checkpoint)
				return nil
			})
		}, anyio.On(sim.New(sim.Config{Strategy: x.Strategy()})))
		if err != nil {
			t.Fatal(err)
		}
	}
	if x.Err() == nil || n != 2 {
		t.Errorf("%d runs, error %v", n, x.Err())
	}
}
