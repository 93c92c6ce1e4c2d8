package kernel

// An Access is what an operation does to an object that tasks share.
type Access uint8

const (
	// Looks depends on what others have done, and changes nothing that they see.
	Looks Access = iota
	// Adds is a change, and two of this kind may as well be made in the other order.
	Adds
	// Changes is any other.
	Changes
)

// Nothing is what an operation touches that depends on cancellation alone.
var Nothing = any(new(byte))

// A Watcher is told which objects the steps of a run touch: who knows that two steps touch
// nothing in common knows that their order does not matter.
type Watcher interface {
	// Begin tells that the running task begins an operation on an object that is told by
	// Touch before the task gives way or begins another one. If it is not, the object may
	// be any.
	Begin()
	// Touch tells of an object. Nil is all of them.
	Touch(object any, a Access)
	// Gather tells that who is made ready next has waited for all who have added to an object.
	Gather(object any)
}

// Touch tells the run's watcher, if it has one, that the calling task's operation touches an
// object.
//
//go:norace
func Touch(object any, a Access) {
	if attentive.Load() != 0 {
		touch(object, a)
	}
}

//go:norace
func touch(object any, a Access) {
	if t := LoopTask(); t != nil && t.run.Watcher != nil {
		t.run.Watcher.Touch(object, a)
	}
}

// gather tells that the last one of a group is about to wake the host.
//
//go:norace
func (g *Group) gather() {
	if t := LoopTask(); t != nil && t.run.Watcher != nil {
		t.run.Watcher.Gather(g)
	}
}

// touchStart tells of a start in the group. A task of the group, or its host, keeps it open,
// so that it matters little in which order they start others; from elsewhere it does.
//
//go:norace
func (g *Group) touchStart() {
	how := Changes
	if t := LoopTask(); t != nil {
		for s := &t.Scope; s != nil; s = s.parent {
			if s == &g.Scope {
				how = Adds
			}
		}
		if t == g.task {
			how = Adds
		}
	}
	touch(g, how)
}

// touchEnd tells of the end of a task. Of failures the order shows in errors.
//
//go:norace
func (t *Task) touchEnd(how Outcome) {
	if how == Failed {
		touch(nil, Changes)
	} else {
		touch(&t.done, Changes)
	}
}
