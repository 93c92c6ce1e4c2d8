package kernel

import "context"

type scopeKey struct{}

// A Place is where a blocking call happens: the scope it belongs to and, if the
// caller's context has a cancellation that the scope does not know of, that
// context, which then alone decides.
type Place struct {
	S   *Scope          // nil for a context without any scope of ours
	Ctx context.Context // nil when S tells everything
}

// Locate finds the place of a context.
//
//go:norace
func Locate(ctx context.Context) Place {
	if s, ok := ctx.(*Scope); ok {
		return Place{S: s}
	}
	return locateForeign(ctx)
}

//go:norace
func locateForeign(ctx context.Context) Place {
	if ctx == nil {
		panic(Misuse("nil context: pass the ctx that your function was given, or context.Background()"))
	}
	if v, ok := ctx.(*valuesContext); ok {
		return Place{S: v.Scope}
	}
	s := ScopeIn(ctx)
	// A context that only adds values shares the Done channel of our scope.
	if s != nil && ctx.Done() == s.Done() {
		return Place{S: s}
	}
	return Place{S: s, Ctx: ctx}
}

// ScopeIn is the scope that a context was derived from, nil if there is none.
//
//go:norace
func ScopeIn(ctx context.Context) *Scope {
	s, _ := ctx.Value(scopeKey{}).(*Scope)
	return s
}

// Enter begins a blocking call: it is a schedule point, and fails if the place
// is canceled. Then the call must have no effect.
//
//go:norace
func Enter(ctx context.Context) (Place, error) {
	s, ok := ctx.(*Scope)
	if !ok {
		return enterForeign(ctx)
	}
	if s.run.Loop {
		s.run.Yield(false)
		if s.run.Watcher != nil {
			s.run.Watcher.Begin()
		}
	}
	if s.state.Load()&stUnsure == 0 {
		return Place{S: s}, nil
	}
	return Place{S: s}, s.checkSlow()
}

// enterForeign is Enter of a context that is no scope itself. It is apart from it for the
// sake of small stacks.
//
//go:noinline
//go:norace
func enterForeign(ctx context.Context) (Place, error) {
	p := locateForeign(ctx)
	if p.S != nil && p.Ctx == nil {
		return Enter(p.S)
	}
	if t := p.RunningTask(); t != nil {
		t.run.Yield(false)
		if t.run.Watcher != nil {
			t.run.Watcher.Begin()
		}
	}
	return p, p.err()
}

// Check returns the place's cancellation, if it is canceled.
//
//go:norace
func (p Place) Check() error {
	if p.Ctx == nil && p.S != nil {
		return p.S.check()
	}
	return p.err()
}

// CheckAtOnce is Check for a call that fails without having let others run.
//
//go:norace
func (p Place) CheckAtOnce() error {
	err := p.Check()
	if err != nil {
		p.Run().refused()
	}
	return err
}

// CanceledOr is the error of a call that finds that it has failed: the cancellation,
// if the place is canceled by now or about to be, else err. So what has failed because
// somebody reacts to a cancellation is not seen as a failure.
//
//go:noinline
//go:norace
func (p Place) CanceledOr(err error) error {
	canceled := p.err()
	if p.Ctx == nil && p.S != nil && p.S.canceling() {
		canceled = p.S.cancelError()
	}
	if canceled != nil {
		return canceled
	}
	return err
}

// Canceling reports whether the scope that the place is in is canceled or about to be:
// whoever has learned of the cancellation, in whatever way, is told so here, too.
//
//go:norace
func (p Place) Canceling() bool {
	return p.S != nil && (p.Ctx == nil || p.Ctx.Done() != nil) && p.S.canceling()
}

//go:norace
func (p Place) err() error {
	if p.S != nil && p.S.run.killed.Load() != nil {
		return p.S.cancelError()
	}
	if p.Ctx == nil || ForeignErr(p.Ctx) == nil {
		return nil
	}
	return CauseOf(p.Ctx).Error()
}

// Run is the run that the place belongs to.
//
//go:norace
func (p Place) Run() *Run {
	if p.S != nil {
		return p.S.run
	}
	return runHere()
}

// runHere is Run of a place that is no scope's; Run itself is inlined.
//
//go:norace
func runHere() *Run {
	if t := LoopTask(); t != nil {
		return t.run
	}
	return Ambient()
}

// Task is the task whose context this is, nil if the context is not a task's.
//
//go:norace
func (p Place) Task() *Task {
	if p.S != nil {
		return p.S.task
	}
	return LoopTask()
}

// RunningTask is the loop task that runs on the calling goroutine, nil when the
// goroutine is an ordinary one, which may block and parks by itself.
//
//go:norace
func (p Place) RunningTask() *Task {
	if p.S != nil && p.S.run.Loop {
		if t := p.S.run.Current(); t != nil {
			return t
		}
	}
	if loops.Load() == nil {
		return nil
	}
	return LoopTask()
}
