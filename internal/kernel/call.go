package kernel

// A Looper is a backend whose tasks take turns, and which calls functions between the
// steps of its tasks.
type Looper interface {
	Backend
	// Call queues c as Unpark queues a task: what was made ready before comes before it.
	// Where the order of tasks is a matter of choice, so is that between calls and tasks;
	// calls keep their own. It reports false if the loop is over: then c is not called.
	// Any goroutine may use it.
	Call(c *Call) bool
	// InTurn reports whether the calling goroutine has its turn: it runs a task or a call,
	// or has been lent the loop by Pause.
	InTurn() bool
	// Iterate divides the loop's work into iterations from now on: what was ready when an
	// iteration began, and nothing else, is run in it, and timers that are due are fired
	// between two. The steps of all tasks and calls are ordered for the race detector,
	// too, as in programs that rely on it. Who calls it has the turn. A second call
	// changes onHalt.
	Iterate(onHalt func())
	// Halt lets onHalt be called, on the loop's goroutine, when the iteration ends. Who
	// calls it has the turn.
	Halt()
	// Pause calls wait, which may block the loop's goroutine for as long as it likes. By
	// lend it gives the turn to another goroutine meanwhile. Only onHalt may call it.
	Pause(wait func(lend func(goroutine int64)))
}

// Looper is the run's backend if it is a loop that calls functions, else nil.
//
//go:norace
func (r *Run) Looper() Looper {
	l, _ := r.Backend.(Looper)
	return l
}

// A Call is something to be called by a loop. It is in a queue once at most.
type Call struct {
	To   Callee
	next *Call
	at   uint64 // its place: how many tasks are queued before it
}

// A Callee is what a Call is for. Called runs on the loop's goroutine, must not block, and
// must neither panic nor exit its goroutine.
type Callee interface{ Called() }

// A CallQueue is a FIFO of calls that goes through them. Its owner guards it. The zero
// value is empty.
type CallQueue struct {
	head, tail *Call
	n          int
}

// Len is the number of calls.
//
//go:norace
func (q *CallQueue) Len() int { return q.n }

// Push appends a call, at a place.
//
//go:norace
func (q *CallQueue) Push(c *Call, at uint64) {
	c.at = at
	if q.tail == nil {
		q.head = c
	} else {
		q.tail.next = c
	}
	q.tail = c
	q.n++
}

// Pop takes out the first call, nil if there is none.
//
//go:norace
func (q *CallQueue) Pop() *Call {
	c := q.head
	if c == nil {
		return nil
	}
	if q.head = c.next; q.head == nil {
		q.tail = nil
	}
	c.next = nil
	q.n--
	return c
}

// Due reports whether there is a call, and its turn has come, so many tasks having had
// theirs.
//
//go:norace
func (q *CallQueue) Due(tasks uint64) bool { return q.head != nil && q.head.at <= tasks }
