package kernel

// A Source is what somebody waits for, if it knows who can bring that about.
type Source interface {
	// Owners are those who can. Any goroutine may ask, while others go on; the race
	// detector must not see it.
	Owners() Owners
}

// Owners are those who can end a wait.
type Owners struct {
	What string  // what they have, such as "Lock"; "" if it is their end that is waited for
	Any  bool    // one of them is enough; else it takes all
	Who  []Owner // empty if none is known
}

// An Owner is one of them.
type Owner struct {
	Task *Task  // nil: whoever ID identifies
	ID   int64  // see Caller
	Name string // who it is, if it is nobody of this process
	By   Calls  // by which it has got what it has
}

// For tells what the waits of w, those from the next Prepare until Forget, are for.
//
//go:norace
func (w *Waiter) For(of Source) { w.of = of }

// source is what w waits for in the wait that has the word; ok is false if that is over.
// The waiter writes it before the wait begins and after it has ended. The swap orders the
// look at it before the second look at the word, which a load would not.
//
//go:norace
func (w *Waiter) source(word uint64) (of Source, ok bool) {
	of = w.of
	return of, w.word.CompareAndSwap(word, word)
}

// Owners says that whoever waits for the task waits for its end.
//
//go:norace
func (t *Task) Owners() Owners { return Owners{Who: []Owner{{Task: t}}} }

// Owners says that whoever waits for the group waits for the ends of its tasks.
//
//go:norace
func (g *Group) Owners() Owners {
	var o Owners
	g.mu.Lock()
	defer g.mu.Unlock()
	for c := g.firstTask(); c != nil; c = c.next {
		if c.state.Load()&stClosed == 0 {
			o.Who = append(o.Who, Owner{Task: c.task})
		}
	}
	return o
}

// ownersOf are the owners of what a task waits for, as far as known. ids are the tasks by
// what Caller returns to them, asked is what others have told.
//
//go:norace
func ownersOf(of Source, ids map[int64]*Task, asked map[Source]Owners) Owners {
	if of == nil {
		return Owners{}
	}
	o, ok := asked[of]
	if ok {
		return o
	}
	o = of.Owners()
	for n := range o.Who {
		if who := &o.Who[n]; who.Task == nil {
			who.Task = ids[who.ID]
		}
	}
	asked[of] = o
	return o
}
