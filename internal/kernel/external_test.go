package kernel

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
)

// A testBackend knows contexts and the time only.
type testBackend struct {
	Backend
	now func() int64
}

func (b testBackend) Now() int64 { return b.now() }

func (testBackend) AfterDone(ctx context.Context, f func()) (stop func() bool) {
	return AfterDone(ctx, f)
}

var opTest = RegisterOp("test")

// A testPlace is where a test waits: in a scope, or in a context derived from it, round
// which there is a scope that is canceled.
type testPlace struct {
	t             *testing.T
	run           *Run
	outer, middle Scope
	inner         Scope
	place         Place
	cancelDerived context.CancelFunc // nil if there is no such context
}

func newTestPlace(t *testing.T, derived bool) *testPlace {
	p := &testPlace{t: t, run: NewRun(testBackend{}, Traits{}, context.Background(), Config{})}
	t.Cleanup(p.run.Finish)
	p.outer.Init(&p.run.Root, NoDeadline, false)
	p.middle.Init(&p.outer, NoDeadline, false)
	p.inner.Init(&p.middle, NoDeadline, false)
	p.inner.Materialize()
	p.place = Place{S: &p.inner}
	if derived {
		ctx, cancel := context.WithCancel(&p.inner)
		t.Cleanup(cancel)
		p.place, p.cancelDerived = Locate(ctx), cancel
	}
	return p
}

// cancel cancels the place.
func (p *testPlace) cancel() {
	if p.cancelDerived != nil {
		p.cancelDerived()
	} else {
		p.outer.Cancel(&Cause{Reason: "test"})
	}
}

// whileCanceling calls f while a cancellation of the outer scope is on its way down.
func (p *testPlace) whileCanceling(f func()) {
	p.middle.mu.Lock()
	ended := make(chan bool)
	go func() { ended <- p.outer.Cancel(&Cause{Reason: "test"}) }()
	for !p.outer.CancelCalled() {
		runtime.Gosched()
	}
	f()
	p.middle.mu.Unlock()
	<-ended
}

// Who only has a failure to give leaves the wait to a cancellation that was first.
func TestFailureGivesWayToACancellation(t *testing.T) {
	for name, c := range map[string]struct {
		derived, shielded, endless bool
		before                     func(p *testPlace)
		canceled                   bool
	}{
		"nothing else":                       {},
		"canceled":                           {before: (*testPlace).cancel, canceled: true},
		"canceled, but shielded":             {before: (*testPlace).cancel, shielded: true},
		"killed":                             {before: (*testPlace).kill, canceled: true},
		"killed, but shielded":               {before: (*testPlace).kill, shielded: true},
		"derived":                            {derived: true},
		"derived, canceled":                  {derived: true, before: (*testPlace).cancel, canceled: true},
		"derived, canceled, but shielded":    {derived: true, before: (*testPlace).cancel, shielded: true},
		"derived, killed":                    {derived: true, before: (*testPlace).kill, canceled: true},
		"without an end":                     {derived: true, endless: true},
		"without an end, canceled":           {derived: true, endless: true, before: (*testPlace).cancel},
		"without an end, the scope canceled": {derived: true, endless: true, before: func(p *testPlace) { p.inner.Cancel(&Cause{}) }},
		"without an end, killed":             {derived: true, endless: true, before: (*testPlace).kill, canceled: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := newTestPlace(t, c.derived)
			if c.endless {
				p.place = Locate(context.WithoutCancel(p.place.Ctx))
			}
			w := new(Waiter)
			prepare := w.Prepare
			if c.shielded {
				prepare = w.PrepareShielded
			}
			prepare(p.place, opTest)
			if c.before != nil {
				c.before(p)
			}
			if !w.Waiting() || !w.Fail() || w.Waiting() || w.Aborted() != c.canceled {
				t.Errorf("canceled: %v", w.Aborted())
			}
			if w.Fail() || w.Wake() || w.Restart() || w.Aborted() != c.canceled {
				t.Error("it was ended twice")
			}
		})
	}
}

func (p *testPlace) kill() { p.run.Kill(&Cause{Kind: ByKill, Reason: "test"}) }

type interrupts struct{ n atomic.Int32 }

func (i *interrupts) Interrupt() { i.n.Add(1) }

// What ends an external wait first decides it, and only a cancellation interrupts the
// call, once. Nothing is left behind.
func TestExternalWaitIsDecidedByWhatIsFirst(t *testing.T) {
	var x External
	nothing := func(p *testPlace) {}
	for name, c := range map[string]struct {
		do       func(p *testPlace)
		failed   bool // the call
		canceled bool
	}{
		"returns":               {do: nothing},
		"fails":                 {do: nothing, failed: true},
		"closed":                {do: func(*testPlace) { x.Close(); x.Close() }, failed: true},
		"canceled":              {do: (*testPlace).cancel, failed: true, canceled: true},
		"canceled, and returns": {do: (*testPlace).cancel, canceled: true},
		"killed":                {do: (*testPlace).kill, failed: true, canceled: true},
		"closed, then canceled": {do: func(p *testPlace) { x.Close(); p.cancel() }, failed: true},
		"canceled, then closed": {do: func(p *testPlace) { p.cancel(); x.Close() }, failed: true, canceled: true},
		"closed, then killed":   {do: func(p *testPlace) { x.Close(); p.kill() }, failed: true},
		"killed, then closed":   {do: func(p *testPlace) { p.kill(); x.Close() }, failed: true, canceled: true},
	} {
		for _, derived := range []bool{false, true} {
			if derived {
				name += ", derived"
			}
			t.Run(name, func(t *testing.T) {
				p := newTestPlace(t, derived)
				i := &interrupts{}
				if err := x.Begin(p.place, opTest, i); err != nil {
					t.Fatal(err)
				}
				if p.inner.waiter.Load() != &x.Waiter {
					t.Error("the wait is not to be seen")
				}
				c.do(p)
				for c.canceled && x.Waiting() { // package context tells on a goroutine of its own
					runtime.Gosched()
				}
				p.wantEnd(&x, i, c.failed, c.canceled, c.canceled)
				x.Close()
				if x.stop != nil || x.outer.Load() != nil || x.Waiting() {
					t.Error("something is left of the wait")
				}
			})
		}
	}
	t.Run("fails while it is canceled", func(t *testing.T) {
		p, i := newTestPlace(t, false), &interrupts{}
		_ = x.Begin(p.place, opTest, i)
		p.whileCanceling(func() { p.wantEnd(&x, i, true, true, false) })
	})
	t.Run("returns while it is canceled", func(t *testing.T) {
		p, i := newTestPlace(t, false), &interrupts{}
		_ = x.Begin(p.place, opTest, i)
		p.whileCanceling(func() { p.wantEnd(&x, i, false, false, false) })
	})
	t.Run("closed while it is canceled", func(t *testing.T) {
		p, i := newTestPlace(t, false), &interrupts{}
		_ = x.Begin(p.place, opTest, i)
		p.whileCanceling(func() { x.Close(); p.wantEnd(&x, i, true, true, true) })
	})
	for name, before := range map[string]func(p *testPlace){
		"canceled before":        (*testPlace).cancel,
		"killed before":          (*testPlace).kill,
		"left before":            func(p *testPlace) { p.inner.Leave() },
		"killed before, derived": (*testPlace).kill,
	} {
		t.Run(name, func(t *testing.T) {
			p, i := newTestPlace(t, name == "killed before, derived"), &interrupts{}
			before(p)
			for p.place.Ctx != nil && p.place.Ctx.Err() == nil { // package context tells on a goroutine of its own
				runtime.Gosched()
			}
			if err := x.Begin(p.place, opTest, i); err == nil {
				t.Error("the wait has begun")
			}
			p.wantOver(&x, i, false)
		})
	}
}

func (p *testPlace) wantEnd(x *External, i *interrupts, failed, canceled, interrupted bool) {
	p.t.Helper()
	err := x.End(p.place, failed)
	var of *testCanceled
	if (err != nil) != canceled || canceled && (!errors.As(err, &of) || of.c.Kind != ByContext && of.c.Reason != "test") {
		p.t.Errorf("error %v, want a cancellation: %v", err, canceled)
	}
	p.wantOver(x, i, interrupted)
}

// wantOver wants that nothing is left of a wait.
func (p *testPlace) wantOver(x *External, i *interrupts, interrupted bool) {
	p.t.Helper()
	if n := i.n.Load(); (n == 1) != interrupted || n > 1 {
		p.t.Errorf("interrupted %d times", n)
	}
	if p.inner.waiter.Load() != nil || x.place.Load() != nil || x.i != nil || x.interrupted.Load() {
		p.t.Error("the wait is still known")
	}
}
