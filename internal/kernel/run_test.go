package kernel

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"testing"
)

// testRun makes a run that no task is in. Its backend may not be asked for anything.
func testRun(t *testing.T, cfg Config) *Run {
	t.Helper()
	r := NewRun(nil, Traits{Preempt: true}, context.Background(), cfg)
	t.Cleanup(r.Finish)
	return r
}

// The kernel makes errors, unless package anyio is here, too.
func init() {
	if hooks.Canceled == nil {
		hooks.Canceled = func(c *Cause) error { return &testCanceled{c} }
	}
}

type testCanceled struct{ c *Cause }

func (e *testCanceled) Error() string { return e.c.Reason }

func TestFinishCallsAllTheLastFirstAndOnce(t *testing.T) {
	debug, preempt := debugRuns.Load(), attentive.Load()
	r := testRun(t, Config{Debug: true})
	if !DebugRuns() || debugRuns.Load() != debug+1 || attentive.Load() != preempt+1 {
		t.Error("the run is not counted")
	}
	var called []int
	for i := range 3 {
		r.OnFinish(func() { called = append(called, i) })
	}
	if r.Ended() || len(called) > 0 {
		t.Errorf("before the end: ended %v, called %v", r.Ended(), called)
	}
	for range 2 {
		r.Finish()
		if debugRuns.Load() != debug || attentive.Load() != preempt {
			t.Errorf("runs are counted wrongly: %d and %d", debugRuns.Load()-debug, attentive.Load()-preempt)
		}
	}
	r.OnFinish(func() { called = append(called, 3) })
	r.Finish()
	if want := []int{2, 1, 0, 3}; !r.Ended() || !slices.Equal(called, want) {
		t.Errorf("ended %v, called %v, want %v", r.Ended(), called, want)
	}
}

// What one of them does ends none of the others.
func TestFinishCallsAllAlsoIfTheyPanicOrExit(t *testing.T) {
	r := testRun(t, Config{})
	var called []string
	note := func(what string, then func()) {
		r.OnFinish(func() {
			called = append(called, what)
			then()
		})
	}
	note("first", func() {})
	note("panics", func() { panic("in the middle") })
	note("second", func() {})
	note("exits", runtime.Goexit)
	note("third", func() {})
	done := make(chan any)
	go func() {
		defer func() { done <- recover() }()
		r.Finish()
	}()
	value := <-done
	if want := []string{"third", "exits", "second", "panics", "first"}; value != "in the middle" || !slices.Equal(called, want) {
		t.Errorf("called %v, want %v; panic: %v", called, want, value)
	}
}

// A cancellation on its way down is known below before it has come there: whoever fails
// a wait then may do so because of it.
func TestCancellationOnItsWayDownIsKnownBelow(t *testing.T) {
	errFailed := errors.New("failed")
	for name, c := range map[string]struct {
		ctx    func(parent context.Context) context.Context
		shield bool
		want   bool
	}{
		"scope":                      {want: true},
		"shielded scope":             {shield: true},
		"derived context":            {ctx: func(ctx context.Context) context.Context { return derive(t, ctx) }, want: true},
		"context without an end":     {ctx: context.WithoutCancel},
		"context with another value": {ctx: func(ctx context.Context) context.Context { return context.WithValue(ctx, t, 1) }, want: true},
	} {
		t.Run(name, func(t *testing.T) {
			r := testRun(t, Config{})
			var outer, middle, inner Scope
			outer.Init(&r.Root, NoDeadline, false)
			middle.Init(&outer, NoDeadline, c.shield)
			inner.Init(&middle, NoDeadline, false)
			inner.Materialize()
			ctx := context.Context(&inner)
			if c.ctx != nil {
				ctx = c.ctx(ctx)
			}
			p := Locate(ctx)
			if p.Canceling() || p.CanceledOr(errFailed) != errFailed {
				t.Error("canceled from the start")
			}
			middle.mu.Lock() // it gets no further than that
			ended := make(chan bool)
			go func() { ended <- outer.Cancel(&Cause{Reason: "test"}) }()
			for !outer.CancelCalled() {
				runtime.Gosched()
			}
			if inner.Canceled() || ctx.Err() != nil {
				t.Error("it has come down already")
			}
			if got := p.Canceling(); got != c.want {
				t.Errorf("canceling: %v", got)
			}
			if got := p.CanceledOr(errFailed) != errFailed; got != (c.want && p.Ctx == nil) {
				t.Errorf("the failure is taken for the cancellation: %v", got)
			}
			middle.mu.Unlock()
			if !<-ended {
				t.Error("Cancel was not the first")
			}
			if got := inner.Canceled(); got != !c.shield {
				t.Errorf("canceled in the end: %v", got)
			}
		})
	}
}

// derive makes a context with an end of its own.
func derive(t *testing.T, ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	t.Cleanup(cancel)
	return ctx
}

func TestLoopsAreForgottenWhenTheyEnd(t *testing.T) {
	a, b := testRun(t, Config{}), testRun(t, Config{})
	known := func() (rs []*Run) {
		for r := loops.Load(); r != nil; r = r.nextLoop.Load() {
			rs = append(rs, r)
		}
		return rs
	}
	for _, c := range []struct {
		do   func(*Run)
		with *Run
		want []*Run
	}{
		{Register, a, []*Run{a}}, {Register, b, []*Run{b, a}}, {Register, a, []*Run{b, a}},
		{Unregister, b, []*Run{a}}, {Unregister, b, []*Run{a}}, {Unregister, a, nil},
	} {
		if c.do(c.with); !slices.Equal(known(), c.want) {
			t.Errorf("%d loops are known, want %d", len(known()), len(c.want))
		}
	}
	if loops.Load() != nil {
		t.Error("each wait would still look for loops")
	}
}

// What is over keeps nothing alive until it is used again.
func TestWaitersOfAPoolForgetWhereTheyWere(t *testing.T) {
	p := newTestPlace(t, true)
	w, b := GetWaiter(), GetBlocker()
	for _, w := range []*Waiter{w, &b.Waiter} {
		if w.Prepare(p.place, opTest); w.scope == nil || w.ctx == nil || !w.Restart() {
			t.Error("no wait")
		}
	}
	PutWaiter(w)
	PutBlocker(b)
	for _, w := range []*Waiter{w, &b.Waiter} {
		if w.scope != nil || w.ctx != nil {
			t.Error("the waiter knows its place")
		}
	}
}

func TestGuestsAreCountedWhileTheyRun(t *testing.T) {
	before, here := guests.Load(), Caller()
	v := Place{}.visit(&Task{}, false)
	if guests.Load() != before+1 || Caller() == here {
		t.Errorf("%d guests, the caller is %d", guests.Load()-before, Caller())
	}
	inner := Place{}.visit(&Task{}, false)
	if id := Caller(); id == v.guest.id || id != inner.guest.id {
		t.Errorf("in a guest of a guest the caller is %d", id)
	}
	inner.end()
	if Caller() != v.guest.id {
		t.Errorf("afterwards the caller is %d", Caller())
	}
	v.end()
	if guests.Load() != before || Caller() != here {
		t.Errorf("%d guests are left, the caller is %d", guests.Load()-before, Caller())
	}
}

// The last task may end while its host is about to wait for it.
func TestJoinDoesNotWaitForTasksThatHaveJustEnded(t *testing.T) {
	var tasks []*Task
	backend := testBackend{now: func() int64 { // Join asks when it begins to wait
		for _, task := range tasks {
			task.Settle(Finished, nil)
			task.Exit()
		}
		tasks = nil
		return 0
	}}
	r := NewRun(backend, Traits{}, context.Background(), Config{Debug: true})
	defer r.Finish()
	for n := range 3 {
		var g Group
		g.Init(&r.Root, NoDeadline, false)
		g.Open(nil)
		for range n {
			task := &Task{}
			task.Prepare(nil, 0, nil)
			g.adopt(task)
			tasks = append(tasks, task)
		}
		if g.Join(); g.live.Load() != 0 || g.linked != 0 || g.tasks != nil || len(tasks) > 0 {
			t.Errorf("%d tasks: %d live, %d linked", n, g.live.Load(), g.linked)
		}
		if g.adopt(&Task{}) {
			t.Error("a task was added after Join")
		}
		g.Leave()
	}
}

// Who uses the context of a host on its goroutine, while it waits there for a guest, is
// not the host.
func TestHostIsNotTheCallerWhileItsGuestRuns(t *testing.T) {
	r := testRun(t, Config{})
	host := &Task{}
	host.Prepare(nil, 0, nil)
	host.OpenMain(r)
	p := Place{S: &host.Scope}
	id := Caller()
	want := func(what string, want *Task) {
		t.Helper()
		if got := p.CallerTask(id); got != want {
			t.Errorf("%s: the caller is %v, want %v", what, got, want)
		}
	}
	want("before it runs", nil)
	host.goid.Store(GoroutineID())
	want("on its goroutine", host)
	v := p.visit(&Task{}, false)
	if v.guest != nil || v.host != host {
		t.Errorf("nothing is held, and there is something to tell apart: %v", v)
	}
	want("beside a guest", nil)
	v.end()
	want("after the guest", host)
	host.Settle(Finished, nil)
	want("when it has ended", nil)
}
