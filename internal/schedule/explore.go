package schedule

import "slices"

// An Explorer makes all schedules of a program, one run after the other, as a depth-first
// walk through the tree of its choices. The program must do the same in each run that makes
// the same choices.
//
// If Reduce is set it leaves out schedules that differ from another one only in the order of
// steps which do not conflict: it is a dynamic partial order reduction with source sets and
// sleep sets (Abdulla, Aronsson, Jonsson and Sagonas, "Optimal Dynamic Partial Order
// Reduction", POPL 2014; the idea is Flanagan and Godefroid's, POPL 2005).
//
// If Preemptions is not negative only schedules are made in which at most so many switches
// leave a task that could have gone on (Musuvathi and Qadeer, "Iterative Context Bounding",
// PLDI 2007). If Delays is not negative, the usual choice is put off at most so many times:
// to choose another task costs as many delays as there are tasks before it, the usual one
// first, then the others by age (Emmi, Qadeer and Rakamarić, "Delay-Bounded Scheduling",
// POPL 2011). If Steps is not 0 all is tried in so many steps only, and a run that is longer
// goes on fairly, with who has not run for longest, so that who polls does not for ever. With
// a bound a reduction would leave out too much, so Reduce must not be set: what has a race
// with a step may come to be only in schedules that the bound leaves out.
type Explorer struct {
	Reduce      bool
	Preemptions int
	Delays      int
	Steps       int

	path []*node // the choices that are made next; those of the last run, once it has ended
	new  int     // the first that the last run has made in another way than the one before
	run  *exploration

	// Redundant tells that all that the last run could do was seen in others.
	Redundant bool
	// Diverged tells that the program has not done the same again.
	Diverged bool
	// Begun tells that a run was made since Next.
	Begun bool
	// Left counts choices that were left out because of Preemptions or Delays, and Cut runs
	// in which there was a choice after so many Steps.
	Left, Cut int

	parts
}

// A node is a choice, and what is known of it.
type node struct {
	ready  []uint64 // keys of tasks, in the order of their starts
	chosen uint64
	draws  []draw     // choices within its step: those that are to be made, then all that were
	todo   []move     // to be made, too
	asleep []explored // need not be made: what would follow was seen
	before uint64     // who has made the step before; 0 if nobody
	part   *Explorer  // makes what begins with the first of todo; nil if nobody does
	usual  uint64     // who is chosen usually
	left   int        // preemptions that may still be made, before this choice
	delays int        // delays, likewise
	step   Footprint  // of who was chosen
}

// explored is a step that was made from a node.
type explored struct {
	key  uint64
	step Footprint
}

// Next prepares the next run. It reports false if there is none.
func (e *Explorer) Next() bool {
	more := e.advance()
	if more && e.Most > 0 && e.Runs == e.Most {
		more, e.Full = false, true
	}
	return more
}

// advance is Next without a look at how many runs there were.
func (e *Explorer) advance() bool {
	if e.run == nil {
		return true // the first
	}
	e.Begun = false
	if len(e.run.events) < len(e.path) { // it has ended before it was where it had been
		e.Diverged = true
	}
	if e.Diverged {
		return false
	}
	if e.Reduce {
		e.run.races(e)
	}
	e.giveAway()
	for len(e.path) > e.root {
		n := e.path[len(e.path)-1]
		n.asleep = append(n.asleep, explored{n.chosen, n.step})
		if len(n.todo) == 0 {
			e.path = e.path[:len(e.path)-1]
			continue
		}
		n.chosen, n.draws, n.todo = n.todo[0].key, n.todo[0].draws, n.todo[1:]
		if n.part == nil {
			e.new = len(e.path) - 1
			return true
		}
		if e.takeBack(n); e.Stopped() {
			return false
		}
	}
	return false
}

// sleeps reports whether a task need not be chosen.
func (n *node) sleeps(key uint64) bool {
	return slices.ContainsFunc(n.asleep, func(s explored) bool { return s.key == key })
}

// Begin returns the Chooser of the next run.
func (e *Explorer) Begin(ts *Tasks) Chooser {
	e.run = &exploration{e: e, ts: ts}
	e.Redundant, e.Diverged, e.Begun = false, false, true
	return e.run
}

// An exploration is one run of an Explorer.
type exploration struct {
	e        *Explorer
	ts       *Tasks
	events   []event
	woken    map[uint64]wake // how tasks were made ready last, by their keys
	gathered uint64          // the object of Gathered; 0 for none
	passed   int             // events after which time has passed
	drawn    int             // choices within the last step
	over     bool            // the path is at its end: what follows is of no interest
	cut      bool            // it is, since there were enough steps
}

// An event is a step that was made.
type event struct {
	task  uint64 // key
	wake         // of the task
	after int    // all events before this one come before
	step  Footprint
}

// A wake is how a task was made ready.
type wake struct {
	by  int    // the event, counted from 1; 0 for none
	all uint64 // an object: what has added to it before comes before, too
}

// Ready implements Chooser.
func (x *exploration) Ready(t *Task) {
	if x.woken == nil {
		x.woken = make(map[uint64]wake)
	}
	x.woken[t.Key] = wake{len(x.events), x.gathered}
	x.gathered = 0
}

// Gathered implements Watcher.
func (x *exploration) Gathered(object uint64) { x.gathered = object }

// Passed implements Watcher.
func (x *exploration) Passed() { x.passed = len(x.events) }

// Stepped implements Watcher.
func (x *exploration) Stepped(f Footprint) {
	last := len(x.events) - 1
	x.events[last].step = f
	if last >= len(x.e.path) {
		return
	}
	if x.drawn < len(x.e.path[last].draws) {
		x.over, x.e.Diverged = true, true
	}
	if last >= x.e.root-1 {
		x.e.path[last].step = f
	}
}

// Choose implements Chooser.
func (x *exploration) Choose(ready []*Task) int {
	at := len(x.events)
	i := usual(ready, x.ts.last)
	if x.e.Steps > 0 && at >= x.e.Steps {
		i = x.fairly(ready)
	} else if !x.over {
		if at == len(x.e.path) {
			x.grow(ready)
		}
		if at < len(x.e.path) {
			i = x.follow(x.e.path[at], ready, i)
		}
	}
	key := ready[i].Key
	x.drawn = 0
	x.events = append(x.events, event{task: key, wake: x.woken[key], after: x.passed})
	return i
}

// fairly returns the place of who has not run for longest, and notes that there were enough
// steps.
func (x *exploration) fairly(ready []*Task) int {
	x.over = true
	if len(ready) > 1 {
		x.cutOff()
	}
	return waiting(ready)
}

// waiting returns the place of who has not run for longest.
func waiting(ready []*Task) int {
	longest := 0
	for i, t := range ready {
		if o := ready[longest]; t.latest < o.latest || t.latest == o.latest && t.ID < o.ID {
			longest = i
		}
	}
	return longest
}

// cutOff notes that there was a choice after enough steps.
func (x *exploration) cutOff() {
	if !x.cut {
		x.cut = true
		x.e.Cut++
	}
}

// follow returns the place of who is to be chosen.
func (x *exploration) follow(n *node, ready []*Task, otherwise int) int {
	if i := slices.IndexFunc(ready, func(t *Task) bool { return t.Key == n.chosen }); i >= 0 && len(ready) == len(n.ready) {
		return i
	}
	x.over, x.e.Diverged = true, true
	return otherwise
}

// grow adds a node to the path, if there is something new to be seen.
func (x *exploration) grow(ready []*Task) {
	n := &node{left: x.e.Preemptions, delays: x.e.Delays}
	byID := slices.Clone(ready)
	slices.SortFunc(byID, func(a, b *Task) int { return int(int64(a.ID - b.ID)) })
	for _, t := range byID {
		n.ready = append(n.ready, t.Key)
	}
	if last := x.ts.last; last != nil {
		n.before = last.Key
		n.inherit(x.e.path[len(x.e.path)-1], x.e.Reduce)
	}
	n.usual = ready[usual(ready, x.ts.last)].Key
	if n.chosen = n.usual; n.sleeps(n.usual) {
		if n.chosen = n.awake(); n.chosen == 0 {
			x.over, x.e.Redundant = true, true
			return
		}
	}
	if !x.e.Reduce {
		for _, key := range n.ready {
			switch {
			case key == n.chosen:
			case n.left == 0 && n.preempts(key), x.e.Delays >= 0 && n.delayed(key) > n.delays:
				x.e.Left++
			default:
				n.todo = append(n.todo, move{key: key})
			}
		}
	}
	x.e.path = append(x.e.path, n)
}

// inherit takes over what is known from the choice before.
func (n *node) inherit(from *node, reduce bool) {
	for _, s := range from.asleep {
		if reduce && !from.wakes(s.key) {
			n.asleep = append(n.asleep, s)
		}
	}
	if n.left = from.left; from.preempts(from.chosen) {
		n.left--
	}
	n.delays = from.delays - from.delayed(from.chosen)
}

// wakes reports whether the step that was made conflicts with one of a task that sleeps, or is
// its own.
func (n *node) wakes(key uint64) bool {
	return key == n.chosen || slices.ContainsFunc(n.asleep, func(s explored) bool {
		return s.key == key && s.step.ConflictsAcross(&n.step)
	})
}

// preempts reports whether to choose a task is to leave another one that could go on.
func (n *node) preempts(key uint64) bool {
	return key != n.before && slices.Contains(n.ready, n.before)
}

// delayed is how many tasks are put off where one is chosen.
func (n *node) delayed(key uint64) int {
	if key == n.usual {
		return 0
	}
	at := slices.Index(n.ready, key)
	if at < slices.Index(n.ready, n.usual) {
		at++
	}
	return at
}

// awake is the first task that does not sleep, 0 if all do.
func (n *node) awake() uint64 {
	for _, key := range n.ready {
		if !n.sleeps(key) {
			return key
		}
	}
	return 0
}
