package kernel

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/quiet"
)

// An aloneBackend is one of a run with nobody but the test in it: a clock that stands
// still, timers and alarms that are only noted.
type aloneBackend struct {
	testBackend
	yields, armed int
	alarms        []*time.Timer
}

func newAloneBackend(now int64) *aloneBackend {
	return &aloneBackend{testBackend: testBackend{now: func() int64 { return now }}}
}

func (b *aloneBackend) Yield(bool)                { b.yields++ }
func (b *aloneBackend) Arm(*Timer)                { b.armed++ }
func (b *aloneBackend) Disarm(*Timer) bool        { return true }
func (b *aloneBackend) Time(i int64) time.Time    { return time.Unix(0, i) }
func (b *aloneBackend) Instant(t time.Time) int64 { return t.UnixNano() }
func (b *aloneBackend) DeadlineOf(ctx context.Context) (time.Time, bool) {
	return ctx.Deadline()
}

func (b *aloneBackend) Alarm(after time.Duration, f func()) *time.Timer {
	b.alarms = append(b.alarms, time.AfterFunc(after, f))
	return b.alarms[len(b.alarms)-1]
}

// aloneRun makes a run on such a backend.
func aloneRun(t *testing.T, b *aloneBackend, loop bool, ctx context.Context) *Run {
	t.Helper()
	r := NewRun(b, Traits{Loop: loop}, ctx, Config{})
	t.Cleanup(r.Finish)
	return r
}

// What is opened in a scope that was left fails from the first check, before the tree
// knows of it.
func TestScopeOpenedInOneThatWasLeftIsCanceled(t *testing.T) {
	r := aloneRun(t, newAloneBackend(1), false, context.Background())
	var outer, inner, innermost Scope
	outer.Init(&r.Root, NoDeadline, false)
	inner.Init(&outer, NoDeadline, false)
	innermost.Init(&inner, NoDeadline, false)
	if innermost.check() != nil || innermost.Canceled() {
		t.Error("canceled before its parent was left")
	}
	outer.Leave()
	if inner.state.Load()&stLazy == 0 {
		t.Fatal("the scope is known to the tree")
	}
	if !innermost.Canceled() || innermost.check() != errScopeEnded.Error() || innermost.Err() != context.Canceled {
		t.Errorf("canceled %v, check %v, err %v", innermost.Canceled(), innermost.check(), innermost.Err())
	}
	if inner.Leave(); inner.Canceled() {
		t.Error("a scope that was left before anything was done in it says that it was canceled")
	}
}

// The error of what is around a scope is that of the run's death, of the foreign context
// that it hangs on, or of the scope above.
func TestErrorFromOutsideIsThatOfWhoCanceled(t *testing.T) {
	above := func(_ *Run, outer *Scope, _ context.CancelFunc) { outer.Cancel(&Cause{Reason: "above"}) }
	left := func(_ *Run, outer *Scope, _ context.CancelFunc) { outer.Leave() }
	foreign := func(_ *Run, _ *Scope, end context.CancelFunc) { end() }
	dead := func(r *Run, _ *Scope, _ context.CancelFunc) { r.Kill(&Cause{Reason: "dead"}) }
	type steps []func(*Run, *Scope, context.CancelFunc)
	for name, c := range map[string]struct {
		cancel  steps
		derived bool // the scope hangs on a context with an end of its own
		want    string
	}{
		"scope above":                     {cancel: steps{above}, want: "above"},
		"scope above that was left":       {cancel: steps{left}, want: errScopeEnded.Reason},
		"foreign context":                 {cancel: steps{foreign}, derived: true, want: "foreign"},
		"foreign context, then above":     {cancel: steps{foreign, above}, derived: true, want: "foreign"},
		"dead run":                        {cancel: steps{dead}, want: "dead"},
		"dead run with a foreign context": {cancel: steps{foreign, dead}, derived: true, want: "dead"},
		"dead run with a canceled scope":  {cancel: steps{above, dead}, want: "dead"},
	} {
		t.Run(name, func(t *testing.T) {
			r := aloneRun(t, newAloneBackend(1), false, context.Background())
			var outer, inner Scope
			outer.Init(&r.Root, NoDeadline, false)
			ctx, end := context.WithCancel(&outer)
			defer end()
			if c.derived {
				inner.Init(ctx, NoDeadline, false)
			} else {
				inner.Init(&outer, NoDeadline, false)
			}
			for _, step := range c.cancel {
				step(r, &outer, end)
			}
			inner.Cancel(&Cause{Reason: "its own"})
			if !inner.OuterCanceled() {
				t.Fatal("not canceled from outside")
			}
			got := inner.OuterErr()
			if c.want == "foreign" {
				if got != inner.origin.over.Load().Error() {
					t.Errorf("error %v", got)
				}
			} else if !strings.Contains(got.Error(), c.want) {
				t.Errorf("error %v, want %v", got, c.want)
			}
		})
	}
}

// A late context is past its deadline and has not noticed.
type lateContext struct {
	context.Context
	deadline time.Time
	done     chan struct{}
}

func (c lateContext) Deadline() (time.Time, bool) { return c.deadline, true }
func (c lateContext) Done() <-chan struct{}       { return c.done }
func (c lateContext) Err() error                  { return nil }

// Who notices the deadline of a foreign context cancels all that hangs on it, at once.
func TestDeadlineOfAForeignContextIsNoticedForAll(t *testing.T) {
	passed := time.Now()
	ctx := lateContext{context.Background(), passed, make(chan struct{})}
	r := aloneRun(t, newAloneBackend(passed.UnixNano()), false, ctx)
	var group, other, own Scope
	group.Init(&r.Root, NoDeadline, false)
	other.Init(&group, NoDeadline, false)
	other.Materialize()
	own.Init(&group, passed.UnixNano(), false)
	if other.Canceled() || r.Root.Canceled() {
		t.Fatal("canceled though nobody has looked at the clock")
	}
	if !own.Canceled() {
		t.Error("the scope whose deadline has passed is not canceled")
	}
	for name, s := range map[string]*Scope{"root": &r.Root, "group": &group, "other": &other} {
		if s.state.Load()&stCanceled == 0 || s.Err() != context.DeadlineExceeded {
			t.Errorf("%s: err %v", name, s.Err())
		}
	}
}

// The alarm of a scope that was left, or has no deadline any more, keeps it no longer.
func TestAlarmEndsWithTheDeadline(t *testing.T) {
	const now = 1
	for name, end := range map[string]func(*Scope){
		"left":       func(s *Scope) { s.Leave() },
		"unlimited":  func(s *Scope) { s.SetDeadline(NoDeadline) },
		"shortlived": func(s *Scope) { s.SetDeadline(now + int64(2*time.Hour)); s.Leave() },
	} {
		b := newAloneBackend(now)
		r := aloneRun(t, b, true, context.Background())
		var s Scope
		s.Init(&r.Root, now+int64(time.Hour), false)
		s.Done()
		if len(b.alarms) != 1 {
			t.Fatalf("%s: %d alarms", name, len(b.alarms))
		}
		if end(&s); b.alarms[0].Stop() {
			t.Errorf("%s: the alarm was still set", name)
		}
	}
}

// To sleep until now is to give way: no timer, and no wait to be seen.
func TestSleepUntilNowGivesWay(t *testing.T) {
	const now = 100
	for due, sleeps := range map[int64]bool{now - 1: false, now: false, now + 1: true} {
		b := newAloneBackend(now)
		r := aloneRun(t, b, false, context.Background())
		var s Scope
		s.Init(&r.Root, NoDeadline, false)
		s.Cancel(&Cause{Reason: "test"}) // so that nothing waits
		_ = Place{S: &s}.PauseUntil(due, opSleep)
		if b.armed > 0 != sleeps || b.yields > 0 == sleeps {
			t.Errorf("until %d, being %d: %d timers, gave way %d times", due, now, b.armed, b.yields)
		}
	}
}

// What was told once stays told: a function that was called for the end of a context
// must find it ended, whatever shield is raised then.
func TestFunctionCalledForTheEndFindsIt(t *testing.T) {
	r := aloneRun(t, newAloneBackend(1), false, context.Background())
	var outer, inner Scope
	outer.Init(&r.Root, NoDeadline, false)
	inner.Init(&outer, NoDeadline, false)
	outer.Cancel(&Cause{Reason: "test"})
	called := make(chan struct{})
	if stop := inner.AfterFunc(func() { close(called) }); stop() {
		t.Fatal("what is called already was stopped")
	}
	<-called
	if inner.SetShield(true); inner.Err() != context.Canceled {
		t.Errorf("err %v after the function was called", inner.Err())
	}
	select {
	case <-inner.Done():
	default:
		t.Error("Done is open")
	}
}

// A function left with a scope that nothing has been done in is called when what is
// around it is canceled.
func TestFunctionIsCalledFromAbove(t *testing.T) {
	r := aloneRun(t, newAloneBackend(1), false, context.Background())
	var outer, inner Scope
	outer.Init(&r.Root, NoDeadline, false)
	inner.Init(&outer, NoDeadline, false)
	var called quiet.Bool // it is called apart
	inner.AfterFunc(func() { called.Store(true) })
	if outer.Cancel(&Cause{Reason: "test"}); !called.Load() {
		t.Error("not called")
	}
}
