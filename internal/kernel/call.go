package kernel

import "github.com/anyio-go/anyio/internal/race"

// A Looper is a backend whose tasks take turns, and which calls functions between the
// steps of its tasks.
type Looper interface {
	Backend
	// Call queues a call of c as Unpark queues a task: what was made ready before comes
	// before it. Where the order of tasks is a matter of choice, so is that between calls
	// and tasks; calls keep their own. It reports false if the loop is over: then c is not
	// called. Any goroutine may use it.
	Call(c Callee) bool
	// CallHere is Call by who has the turn.
	CallHere(c Callee)
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

// A Callee is what a loop calls. Called runs on the loop's goroutine, must not block, and
// must neither panic nor exit its goroutine.
type Callee interface{ Called() }

// A Call is one call of a Callee that a loop is going to make.
type Call struct {
	edge race.Edge // from who has asked for it
	to   Callee
	at   uint64 // its place: how many tasks are queued before it
}

// NewCall makes a call that the calling goroutine asks for.
//
//go:norace
func NewCall(to Callee) Call { return Call{edge: race.NewEdge(), to: to} }

// Make makes the call.
//
//go:norace
func (c *Call) Make() {
	c.edge.Acquire()
	c.to.Called()
}

// A CallQueue is a FIFO of calls. Its owner guards it. The zero value is empty.
type CallQueue struct {
	ring []Call // its length is 0 or a power of two
	head int    // where the first one is
	n    int
}

const (
	leastCalls = 16
	spareCalls = 8192 // for so many the memory of an empty queue is kept: as one look at descriptors may bring
)

// Len is the number of calls.
//
//go:norace
func (q *CallQueue) Len() int { return q.n }

// Push appends a call, at a place.
//
//go:norace
func (q *CallQueue) Push(c Call, at uint64) {
	if q.n == len(q.ring) {
		q.grow()
	}
	c.at = at
	q.ring[(q.head+q.n)&(len(q.ring)-1)] = c
	q.n++
}

//go:noinline
//go:norace
func (q *CallQueue) grow() {
	ring := make([]Call, max(leastCalls, 2*len(q.ring)))
	for i := range q.n {
		ring[i] = q.ring[(q.head+i)&(len(q.ring)-1)]
	}
	q.ring, q.head = ring, 0
}

// Pop takes out the first of the calls, of which there must be one.
//
//go:norace
func (q *CallQueue) Pop() Call {
	first := &q.ring[q.head]
	c := *first
	first.to = nil
	q.head = (q.head + 1) & (len(q.ring) - 1)
	if q.n--; q.n == 0 && len(q.ring) > spareCalls {
		*q = CallQueue{}
	}
	return c
}

// Due reports whether there is a call, and its turn has come, so many tasks having had
// theirs.
//
//go:norace
func (q *CallQueue) Due(tasks uint64) bool { return q.n > 0 && q.ring[q.head].at <= tasks }
