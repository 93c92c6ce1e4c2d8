package kernel

import (
	"context"
	"iter"
	"testing"
)

// Two looks prove that nothing ran in between only if they see the same tasks in the
// same waits.
func TestTwoLooksMustSeeTheSameWaits(t *testing.T) {
	a, b, c := &Task{}, &Task{}, &Task{}
	wait := func(task *Task, word uint64) TaskView { return TaskView{Task: task, Waiting: true, Word: word} }
	runs := func(task *Task) TaskView { return TaskView{Task: task} }
	first := []TaskView{wait(a, 1), wait(b, 5), runs(c)}
	if !allWait(first, c) || allWait(first, a) || allWait(first, nil) {
		t.Error("not the one that runs is the exception")
	}
	for name, s := range map[string]struct {
		second []TaskView
		want   bool
	}{
		"same":               {[]TaskView{wait(a, 1), wait(b, 5), runs(c)}, true},
		"asker waits":        {[]TaskView{wait(a, 1), wait(b, 5), wait(c, 9)}, true},
		"another wait":       {[]TaskView{wait(a, 1), wait(b, 9), runs(c)}, false},
		"another waiter":     {[]TaskView{wait(a, 1), {Task: b, Waiting: true, Word: 5, waiter: new(Waiter)}, runs(c)}, false},
		"first in another":   {[]TaskView{wait(a, 9), wait(b, 5), runs(c)}, false},
		"one runs":           {[]TaskView{wait(a, 1), runs(b), runs(c)}, false},
		"one has ended":      {[]TaskView{wait(a, 1), runs(c)}, false},
		"one has begun":      {[]TaskView{wait(a, 1), wait(b, 5), runs(c), wait(&Task{}, 1)}, false},
		"another task":       {[]TaskView{wait(&Task{}, 1), wait(b, 5), runs(c)}, false},
		"others change seat": {[]TaskView{wait(b, 5), wait(a, 1), runs(c)}, false},
		"asker is another":   {[]TaskView{wait(a, 1), wait(b, 5), runs(&Task{})}, false},
	} {
		if got := sameWaits(first, s.second, c); got != s.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// Who is about to run a task on his goroutine, or has run it, does not wait; nobody else is
// there that could be waited for.
func TestHostWaitsOnlyWhileItsGuestIsThere(t *testing.T) {
	p := newTestPlace(t, false)
	for _, c := range []struct {
		name  string
		state uint32
		want  int
	}{
		{"a task not yet added", 0, 0},
		{"a task that is there", stTask, 1},
		{"a task canceled", stTask | stCanceled, 1},
		{"a task that has ended", stTask | stClosed, 0},
	} {
		guest := &Task{}
		guest.state.Begin(c.state)
		w := GetWaiter()
		w.For(guest)
		ended := w.Hold(p.place, opTest)
		if got := len(w.appendView(nil, p.place.S)); got != c.want {
			t.Errorf("%s: waits %d, want %d", c.name, got, c.want)
		}
		w.Release(p.place, ended)
		PutWaiter(w)
	}
	w := GetWaiter()
	ended := w.Hold(p.place, opTest)
	if got := len(w.appendView(nil, p.place.S)); got != 1 {
		t.Errorf("no task: waits %d, want 1", got)
	}
	w.Release(p.place, ended)
	PutWaiter(w)
}

// A late canceler, or a second look, must not take one wait for another, though all are
// alike and end alike.
func TestEachWaitHasAWordOfItsOwn(t *testing.T) {
	p := newTestPlace(t, false)
	w := GetWaiter()
	seen := make(map[uint64]bool)
	again := func() {
		if word := w.word.Load(); seen[word] {
			t.Errorf("word %x a second time", word)
		} else {
			seen[word] = true
		}
	}
	for range 10 {
		w.Prepare(p.place, opTest)
		again()
		w.Wake()
	}
	for range 10 {
		w.Requeue(opTest, nil)
		again()
		w.Wake()
	}
}

// A wait in a task's scope is its own only if it is the task that waits, whoever has used
// the waiter before; else it is told who does.
func TestWaitIsOfWhoWaits(t *testing.T) {
	r := aloneRun(t, newAloneBackend(1), false, context.Background())
	lender, borrower := &Task{}, &Task{}
	for _, task := range []*Task{lender, borrower} {
		task.Prepare(nil, 0, nil)
		task.OpenMain(r)
	}
	here := GoroutineID()
	lent := Place{S: &lender.Scope}
	w := &Waiter{}
	for _, c := range []struct {
		what   string
		task   *Task // nil: a goroutine
		at     Place
		runs   int64 // the goroutine that runs the lender
		own    bool
		waiter int64
	}{
		{"task in its scope", lender, lent, 0, true, 0},
		{"task in another's", borrower, lent, 0, false, here},
		{"task in its scope, later", lender, lent, 0, true, 0},
		{"task in another's, later", borrower, lent, 0, false, here},
		{"task in no scope", borrower, Place{}, 0, true, 0},
		{"goroutine in a task's", nil, lent, here + 1, false, here},
		{"goroutine of the task", nil, lent, here, true, 0},
		{"goroutine in no task's", nil, Place{S: &r.Root}, 0, false, 0},
		{"goroutine in no scope", nil, Place{}, 0, false, 0},
	} {
		lender.goid.Store(c.runs)
		w.PrepareFor(c.task, c.at, opTest)
		if own := w.word.Load()&own != 0; own != c.own || w.who.goid.Load() != c.waiter {
			t.Errorf("%s: its own %v, waits %d, want %v, %d", c.what, own, w.who.goid.Load(), c.own, c.waiter)
		}
		w.Wake()
	}
}

// What goroutines hold that are not known to be tasks is remembered of the last ones
// only: they may have ended.
func TestOnlyTheLastStraysAreRemembered(t *testing.T) {
	const goroutine = 1 << 40 // there is none
	holds := make([]Hold, maxStrays+3)
	for i := range holds {
		holds[i].takeStray(goroutine)
		if n := len(straysOf(goroutine)); n != min(i+1, maxStrays) {
			t.Fatalf("%d of %d are remembered", n, i+1)
		}
	}
	for i := range holds {
		forgotten := i < len(holds)-maxStrays
		if holds[i].stray != 0 == forgotten || forgotten && holds[i].next != nil {
			t.Errorf("number %d: of %d, next %v", i, holds[i].stray, holds[i].next)
		}
	}
	b := &strays[strayIndex(goroutine)]
	b.first.Store(nil)
}

// A coroutine that a coroutine has made acts for who made the first one.
func TestCoroutineOfACoroutineIsOfTheFirstMaker(t *testing.T) {
	here := GoroutineID()
	depth := func(seq iter.Seq[int64]) iter.Seq[int64] {
		return func(yield func(int64) bool) {
			next, stop := iter.Pull(seq)
			defer stop()
			v, _ := next()
			yield(v)
		}
	}
	who := iter.Seq[int64](func(yield func(int64) bool) { yield(maker(GoroutineID())) })
	for range 3 {
		who = depth(who)
		for got := range who {
			if got != here {
				t.Errorf("made by %d, want %d", got, here)
			}
		}
	}
	if m := maker(here); m != 0 {
		t.Errorf("the test's goroutine is said to be made by %d", m)
	}
}

// The innermost scope is found through all that are nested.
func TestInnerScopeIsTheInnermostThatIsKnown(t *testing.T) {
	r := aloneRun(t, newAloneBackend(1), false, context.Background())
	task := &Task{}
	task.Prepare(nil, 0, nil)
	task.OpenMain(r)
	var older, newer, innermost Scope
	older.Init(&task.Scope, NoDeadline, false)
	newer.Init(&task.Scope, NoDeadline, false)
	innermost.Init(&newer, NoDeadline, false)
	if task.InnerScope() != &task.Scope {
		t.Error("a scope was found that is not known yet")
	}
	older.Materialize()
	if task.InnerScope() != &older {
		t.Error("the only one was not found")
	}
	innermost.Materialize()
	if task.InnerScope() != &innermost {
		t.Error("not the innermost of the newest")
	}
	innermost.Leave()
	newer.Leave()
	if task.InnerScope() != &older {
		t.Error("scopes that were left were found")
	}
}
