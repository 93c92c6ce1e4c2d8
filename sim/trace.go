package sim

import (
	"io"

	"github.com/anyio-go/anyio/internal/simtrace"
)

// A Trace records what happens in the runs that have it in their Config, one after the
// other, and shows the last one to people: which task ran when, where it gave way and what
// for, who started, woke and canceled whom, what was sent between hosts and what became of
// it, the faults, and how the run ended. The zero value is ready. To record takes a few
// microseconds for each step, and of a run of more than 500,000 steps the middle is
// not kept.
type Trace struct{ r simtrace.Recorder }

// Note adds a text to the record, by the task whose turn it is.
func (t *Trace) Note(text string) { t.r.Note(text) }

// Text returns the run, which has ended, as lines of text: one for each turn of a task,
// with a lane for each task if they are not too many, in which it runs '*', waits '|', is
// ready '.' or ends 'x'. Of more than most turns it shows the first and the last ones. If
// tasks wait for each other in the end, it says so.
func (t *Trace) Text(most int) string { return t.r.Record().Text(most) }

// WriteHTML writes the run, which has ended, as a page for a browser: a lane for each task,
// over virtual time or over steps, with messages between hosts as arrows, faults, and the
// calls that led to each place. It is one file that needs no server and asks for nothing
// else, and stays of use with a thousand tasks and a hundred thousand steps.
func (t *Trace) WriteHTML(w io.Writer, title string) error { return t.r.Record().WriteHTML(w, title) }

// LeaveOut has Text leave out the turns of the tasks with these IDs, and say so.
func (t *Trace) LeaveOut(ids ...uint64) { t.r.LeaveOut(ids) }
