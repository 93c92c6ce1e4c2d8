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
	name string
	f    func(ctx context.Context, w *world, me int) any
}

var dos = []do{
	{"lock", func(ctx context.Context, w *world, me int) any { return w.lock.Acquire(ctx) }},
	{"trylock", func(_ context.Context, w *world, me int) any { return w.lock.TryAcquire() }},
	{"unlock", func(_ context.Context, w *world, me int) any { return caught(w.lock.Release) }},
	{"locked", func(_ context.Context, w *world, me int) any { return w.lock.Locked() }},
	{"lock statistics", func(_ context.Context, w *world, me int) any { return w.lock.Statistics().TasksWaiting }},
	{"read", func(ctx context.Context, w *world, me int) any { return w.rw.AcquireRead(ctx) }},
	{"write", func(ctx context.Context, w *world, me int) any { return w.rw.Acquire(ctx) }},
	{"tryread", func(_ context.Context, w *world, me int) any { return w.rw.TryAcquireRead() }},
	{"unread", func(_ context.Context, w *world, me int) any { return caught(w.rw.ReleaseRead) }},
	{"unwrite", func(_ context.Context, w *world, me int) any { return caught(w.rw.Release) }},
	{"take", func(ctx context.Context, w *world, me int) any { return w.sem.Acquire(ctx) }},
	{"trytake", func(_ context.Context, w *world, me int) any { return w.sem.TryAcquire() }},
	{"give", func(_ context.Context, w *world, me int) any { return caught(w.sem.Release) }},
	{"value", func(_ context.Context, w *world, me int) any { return w.sem.Value() }},
	{"borrow", func(ctx context.Context, w *world, me int) any { return w.limiter.AcquireOnBehalfOf(ctx, me) }},
	{"return", func(_ context.Context, w *world, me int) any {
		return caught(func() { w.limiter.ReleaseOnBehalfOf(me) })
	}},
	{"more", func(_ context.Context, w *world, me int) any { w.limiter.SetTotalTokens(2); return nil }},
	{"borrowed", func(_ context.Context, w *world, me int) any { return w.limiter.BorrowedTokens() }},
	{"wait", func(ctx context.Context, w *world, me int) any {
		return w.cond.Do(ctx, func(ctx context.Context) error { return w.cond.Wait(ctx) })
	}},
	{"notify", func(ctx context.Context, w *world, me int) any {
		return w.cond.Do(ctx, func(context.Context) error { w.cond.Notify(1); return nil })
	}},
	{"waiting", func(_ context.Context, w *world, me int) any { return w.cond.TasksWaiting() }},
	{"set", func(_ context.Context, w *world, me int) any { w.event.Set(); return nil }},
	{"is set", func(_ context.Context, w *world, me int) any { return w.event.IsSet() }},
	{"event", func(ctx context.Context, w *world, me int) any { return w.event.Wait(ctx) }},
	{"finish", func(_ context.Context, w *world, me int) any { return w.future.Set(me) }},
	{"future", func(_ context.Context, w *world, me int) any { v, err := w.future.Value(); return fmt.Sprint(v, err) }},
	{"guard", func(_ context.Context, w *world, me int) any { return w.guard.Acquire() }},
	{"send", func(ctx context.Context, w *world, me int) any { return w.send.Send(ctx, me) }},
	{"trysend", func(_ context.Context, w *world, me int) any { return w.send.TrySend(me) }},
	{"receive", func(ctx context.Context, w *world, me int) any {
		v, err := w.receive.Receive(ctx)
		return fmt.Sprint(v, err)
	}},
	{"tryreceive", func(_ context.Context, w *world, me int) any {
		v, err := w.receive.TryReceive()
		return fmt.Sprint(v, err)
	}},
	{"close", func(ctx context.Context, w *world, me int) any { return w.send.Close(ctx) }},
	{"buffered", func(_ context.Context, w *world, me int) any { return w.send.Statistics().CurrentBufferUsed }},
	{"broadcast", func(_ context.Context, w *world, me int) any { return w.many.TrySend(me) }},
	{"subscribe", func(_ context.Context, w *world, me int) any {
		r := w.many.Subscribe()
		defer r.Close(context.Background())
		v, err := r.TryReceive()
		return fmt.Sprint(v, err)
	}},
	{"select", func(ctx context.Context, w *world, me int) any {
		var v int
		i, err := anyio.Select(ctx, anyio.OnReceive(w.receive, &v), anyio.OnEvent(&w.event))
		return fmt.Sprint(i, v, err)
	}},
	{"tryselect", func(_ context.Context, w *world, me int) any {
		i, ok, err := anyio.TrySelect(anyio.OnSend(w.send, me), anyio.OnFuture(w.future))
		return fmt.Sprint(i, ok, err)
	}},
	{"cancel", func(_ context.Context, w *world, me int) any { w.tg.Cancel("enough"); return nil }},
	{"cancel one", func(_ context.Context, w *world, me int) any { w.first.Cancel("enough"); return nil }},
	{"canceled", func(ctx context.Context, w *world, me int) any { return ctx.Err() }},
	{"status", func(_ context.Context, w *world, me int) any { return w.first.Status() }},
	{"join", func(ctx context.Context, w *world, me int) any { return w.first.Wait(ctx) }},
	{"start", func(_ context.Context, w *world, me int) any {
		return caught(func() { w.tg.Go(func(context.Context) error { return w.future.Set(me) }) })
	}},
	{"group", func(ctx context.Context, w *world, me int) any {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return w.sem.Do(ctx, func(context.Context) error { return nil }) })
			tg.Go(func(context.Context) error { w.event.Set(); return nil })
			return nil
		})
	}},
	{"start and wait", func(ctx context.Context, w *world, me int) any {
		v, err := anyio.Start(ctx, w.tg, func(ctx context.Context, started func(int)) error {
			started(w.sem.Value())
			return w.event.Wait(ctx)
		})
		return fmt.Sprint(v, err)
	}},
	{"race", func(ctx context.Context, w *world, me int) any {
		v, err := anyio.Race(ctx, func(ctx context.Context) (int, error) { return 1, w.event.Wait(ctx) },
			func(ctx context.Context) (int, error) { return 2, w.lock.TryAcquire() })
		return fmt.Sprint(v, err)
	}},
	{"scope", func(ctx context.Context, w *world, me int) any {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			w.tg.Go(func(context.Context) error { s.Cancel("enough"); return nil })
			return w.sem.Acquire(ctx)
		})
	}},
	{"timeout", func(ctx context.Context, w *world, me int) any {
		late, err := anyio.MoveOnAfter(ctx, 1, w.event.Wait)
		return fmt.Sprint(late, err)
	}},
	{"shield", func(ctx context.Context, w *world, me int) any {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.SetShield(true)
			return w.lock.Do(ctx, func(context.Context) error { return nil })
		})
	}},
	{"fail", func(_ context.Context, w *world, me int) any { return failure(me) }},
	{"pass", func(ctx context.Context, w *world, me int) any { return lowlevel.Checkpoint(ctx) }},
	{"sleep", func(ctx context.Context, w *world, me int) any { return anyio.Sleep(ctx, 1) }},
	{"random", func(ctx context.Context, w *world, me int) any { return anyio.Rand(ctx).IntN(100) }},
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
			w.tg, w.first = tg, tg.Go(lowlevel.Checkpoint)
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

// Pairs of operations of two tasks, the second of which does a third one before or after.
func TestReductionLosesNoOutcomeOfPairs(t *testing.T) {
	every := 20 // all pairs take minutes
	if testing.Short() || race.Enabled {
		every = 200
	}
	r := rand.New(rand.NewPCG(5, 6))
	n := 0
	for i, a := range dos {
		for _, b := range dos[:i+1] {
			if n++; n%every > 0 {
				continue
			}
			tasks := [][]do{{a}, {b, dos[r.IntN(len(dos))]}}
			if r.IntN(2) == 0 {
				slices.Reverse(tasks[1])
			}
			reduce(t, tasks, sim.Goroutines)
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
