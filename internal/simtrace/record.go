// Package simtrace keeps what happens in a simulated run, for people: which task ran when
// and what for, who woke whom, what was sent between hosts, how it ended. It shows it as
// text and as a page.
package simtrace

// A Step is one turn of a task that the simulator has chosen, up to where it gave way.
type Step struct {
	N     uint64 // counts from 1
	Now   int64  // virtual, in nanoseconds since the run began
	Task  int32  // its place in Record.Tasks; Nobody for a function that the loop calls
	Stack int32  // where it ended, a place in Record.Stacks; Nowhere if that is not known
	Op    int32  // what it waits for, a place in Record.Ops; 0 if for nothing
	End   End
}

// Localhost is the host of what was not put on another.
const Localhost = "localhost"

const (
	Nobody  = -1
	Nowhere = -1
)

// An End is how a step ended.
type End uint8

const (
	Unknown  End = iota
	Yields       // others may run
	Waits        // for Step.Op
	Ended        // the task has ended
	Canceled     // so, by a cancellation
	Failed       // so, with an error or a panic
)

// An Event is something that happened in a step or after it.
type Event struct {
	Kind Kind
	By   By
	Step uint64 // number of the step; 0: before the first
	Now  int64
	Who  int32    // the task that did it, if By is ByTask
	Task int32    // whom it was done to, else Nobody
	Sent *Message // Send, and what has woken the task if By is ByMessage
	Text string   // of Cancel, Fault, Note and Fail
}

// A Kind is what an event is.
type Kind uint8

const (
	Start  Kind = iota // of a task
	Wake               // of one that waited
	Cancel             // of one that waited
	Send               // of a message
	Fault              // of the network or of a host
	Note               // of the program
	Fail               // with which a task has ended
)

// By is who has done it.
type By uint8

const (
	ByTask By = iota
	ByTimer
	ByMessage
	ByOther // a function of the loop, or a goroutine that is no task
)

// A Message is a packet, or several with data that were sent one after the other in one
// step, to the same socket.
type Message struct {
	ID       int
	From, To string // hosts
	Src, Dst string // ports
	What     string // "SYN", "UDP"
	Bytes    int    // of data
	Packets  int
	Control  bool // only tells that something has arrived
	By       By
	Who, For int32 // the tasks that have sent it and that it has woken; Nobody if none
	Step     uint64
	Sent     int64
	Arrived  int64  // Never if it did not, or not yet
	Fate     string // why not; or "held", for a while
}

// Never is Message.Arrived of what did not arrive.
const Never = -1

// A Task is one of the run's.
type Task struct {
	ID   uint64
	Name string
	Host string
}

// A Stack tells of calls.
type Stack struct {
	Call   string   // of this module, by the user's code: "Lock.Acquire"
	Places []string // "folder/file.go:12" of the user's code, the innermost first
}

// A Record is what happened in a run. Of a long one the middle is missing.
type Record struct {
	Seed   uint64
	Tasks  []Task
	Ops    []string // the first is ""
	Stacks []Stack
	Steps  []Step
	Events []Event
	Sent   []*Message
	// Missing is how many steps are left out after the first Kept.
	Missing, Kept int
	Out           map[uint64]bool // by their IDs, tasks that the text leaves out
	Err           string          // of the main task
	Stall         *Stalled        // nil if the run did not end so
}

// A Stalled tells of a run that could not go on.
type Stalled struct {
	Kind  string // "deadlock", "livelock", "stuck" or "timers"
	Text  string // the report
	Tasks []Blocked
	Cycle []Link // of those who wait for each other; nil if none is known
}

// A Blocked is where a task stands in the end.
type Blocked struct {
	Task   int32
	Depth  int
	Op     string
	Places []string
	Holds  []Hold
}

// A Hold is what a task holds.
type Hold struct {
	What   string  // "Lock"
	Place  string  // where it was acquired
	Wanted []int32 // the tasks that wait for it
}

// A Link is one task of a cycle: it waits for what the next one holds, or for its end.
type Link struct {
	Task  int32
	For   string // what the next one holds; "" if it is waited for the end of that
	Place string // where the next one has got it
}
