package kernel

// A Group is a scope with tasks in it that are waited for.
type Group struct {
	Scope
	live   int     // tasks that have not exited; guarded by mu
	closed bool    // no more tasks; guarded by mu
	joiner *Waiter // the host, when it waits for live to become 0; guarded by mu
}

// Spawn adds a prepared task and starts it. It returns false if the group has ended.
func (g *Group) Spawn(t *Task) bool {
	if g.state.Load()&stLazy != 0 {
		g.materialize()
	}
	t.group, t.parent, t.run, t.base = g, &g.Scope, g.run, g.base
	if t.meta != nil && t.meta.Values != nil {
		t.base = t.meta.Values
	}
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return false
	}
	st := uint32(stTask | stLinked)
	if g.state.Load()&stCanceled != 0 {
		st |= stCanceled
	}
	t.state.Store(st)
	g.linkLocked(&t.Scope)
	g.live++
	g.mu.Unlock()
	g.run.Start(t)
	return true
}

// Exit ends a task. It is the last thing its body does. open is a scope that the
// task did not leave.
func (t *Task) Exit() (open *Scope) {
	g := t.group
	if g == nil {
		return t.Leave()
	}
	if t.state.Or(stClosed)&stParent != 0 {
		t.mu.Lock()
		for c := t.child; c != nil; c = c.next {
			open = c
		}
		t.mu.Unlock()
	}
	if x := t.ext.Load(); x != nil {
		t.run.Disarm(&x.timer)
		t.release(x)
	}
	g.mu.Lock()
	g.unlinkLocked(&t.Scope)
	t.state.And(^uint32(stLinked))
	g.live--
	var w *Waiter
	if g.live == 0 && g.joiner != nil && g.joiner.Wake() {
		w, g.joiner = g.joiner, nil
	}
	g.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	return open
}

var opJoin = RegisterOp("TaskGroup exit: waiting for its tasks")

// Join waits until no task is left, not minding cancellation, which reaches the
// tasks by themselves, and closes the group. ctx is the host's.
func (g *Group) Join() {
	if g.state.Load()&stLazy != 0 { // no task was ever started
		g.mu.Lock()
		g.closed = true
		g.mu.Unlock()
		return
	}
	w := GetWaiter()
	defer PutWaiter(w)
	for {
		g.mu.Lock()
		if g.live == 0 {
			g.closed = true
			g.mu.Unlock()
			return
		}
		p := Place{S: g.parent}
		w.PrepareShielded(p, opJoin)
		g.joiner = w
		g.mu.Unlock()
		_ = w.Wait(p) // cannot be aborted
	}
}
