package simtrace

import (
	"fmt"
	"strings"
)

// A turn is steps of one task that follow each other, or something that happened without
// a task.
type turn struct {
	task  int32 // Nobody
	from  int   // the first step's place
	steps int
	now   int64
	lost  int // steps that are missing before it
	why   string
	did   []Event // what the task did in it
	says  string  // if there is no task
}

// turns puts the steps of a run together. What happens between two steps, such as a timer
// that fires, is told with the turn of the task that it has woken.
func (rec *Record) turns() []turn {
	var all []turn
	why := make(map[int32]string)
	e := 0
	for i, s := range rec.Steps {
		lost := 0
		if i == rec.Kept && i > 0 {
			lost = rec.Missing
		}
		n := len(all)
		if n > 0 && lost == 0 && all[n-1].says == "" && all[n-1].task == s.Task && s.Task != Nobody && rec.Steps[i-1].End == Yields {
			all[n-1].steps++
		} else if s.Task != Nobody || lost > 0 {
			all = append(all, turn{task: s.Task, from: i, steps: 1, now: s.Now, lost: lost, why: why[s.Task]})
		}
		delete(why, s.Task)
		for ; e < len(rec.Events) && rec.Events[e].Step <= s.N; e++ {
			switch ev := rec.Events[e]; {
			case ev.Kind == Send && ev.Sent.Control:
			case ev.By == ByTask && ev.Who == s.Task && s.Task != Nobody:
				all[len(all)-1].did = append(all[len(all)-1].did, ev)
			case ev.Kind == Fault || ev.Kind == Note || ev.Kind == Send && ev.Sent.Fate != "":
				all = append(all, turn{task: Nobody, from: i, now: ev.Now, says: rec.what(ev)})
			case ev.Task != Nobody:
				why[ev.Task] = rec.cause(ev)
			}
		}
	}
	return all
}

// cause is why a task goes on that no task has woken.
func (rec *Record) cause(e Event) string {
	switch {
	case e.Kind == Cancel && e.Text != "":
		return "is canceled: " + e.Text
	case e.By == ByMessage && e.Sent != nil:
		return fmt.Sprintf("gets %s from %s", e.Sent.content(), e.Sent.source())
	case e.Kind == Cancel && e.By == ByTimer:
		return "is canceled, its time being over"
	case e.Kind == Cancel:
		return "is canceled from outside"
	case e.By == ByTimer:
		return "" // it has slept
	case e.Kind == Start:
		return "is started from outside"
	}
	return "is woken from outside"
}

// content is what was sent.
func (m *Message) content() string {
	switch {
	case m.Control:
		return "an acknowledgement"
	case m.Bytes == 0:
		return m.What
	case strings.HasPrefix(m.What, "UDP"):
		return fmt.Sprintf("a datagram of %d bytes", m.Bytes)
	}
	return strings.TrimSpace(fmt.Sprintf("%d bytes %s", m.Bytes, m.What))
}

func (m *Message) source() string { return m.From + ":" + m.Src }
func (m *Message) target() string { return m.To + ":" + m.Dst }

// what is an event of a task as it is shown.
func (rec *Record) what(e Event) string {
	switch e.Kind {
	case Fault:
		return "fault: " + e.Text
	case Note:
		return "note: " + e.Text
	case Send:
		text := fmt.Sprintf("sends %s to %s", e.Sent.content(), e.Sent.target())
		if e.By != ByTask {
			text = fmt.Sprintf("%s sends %s to %s", e.Sent.source(), e.Sent.content(), e.Sent.target())
		}
		if e.Sent.Fate != "" {
			text += " (" + e.Sent.Fate + ")"
		}
		return text
	case Fail:
		if e.Text == "" {
			return ""
		}
		text, _, _ := strings.Cut(e.Text, "\n\n") // of a panic, without the stack
		return "error: " + text
	}
	return ""
}

// verbs are what a task does to others.
var verbs = map[Kind]string{Start: "starts", Wake: "wakes", Cancel: "cancels"}

// describe says what happened in a turn.
func (rec *Record) describe(t turn) string {
	if t.task == Nobody {
		return t.says
	}
	var parts []string
	add := func(format string, args ...any) { parts = append(parts, fmt.Sprintf(format, args...)) }
	if t.why != "" {
		add("%s", t.why)
	}
	for i := 0; i < len(t.did); {
		e := t.did[i]
		verb, ok := verbs[e.Kind]
		if !ok {
			if text := rec.what(e); text != "" {
				add("%s", text)
			}
			i++
			continue
		}
		var whom []string
		first := i
		for ; i < len(t.did) && t.did[i].Kind == e.Kind; i++ {
			if i-first < maxWhom {
				whom = append(whom, fmt.Sprint(rec.Tasks[t.did[i].Task].ID))
			}
		}
		if n := i - first; n > maxWhom {
			whom = append(whom, fmt.Sprintf("and %d more", n-maxWhom))
		}
		add("%s %s", verb, strings.Join(whom, ", "))
	}
	last := rec.Steps[t.from+t.steps-1]
	at, before := rec.place(last)
	switch last.End {
	case Waits:
		op, _, _ := strings.Cut(rec.Ops[last.Op], ":")
		add("waits for %s%s", op, at)
	case Yields:
		add("gives way%s%s", before, at)
	case Ended:
		add("ends")
	case Canceled:
		add("ends, canceled")
	case Failed:
		add("fails")
	case Unknown:
		add("goes on")
	}
	text := strings.Join(parts, "; ")
	if t.steps > 1 {
		text += fmt.Sprintf(" (%d steps)", t.steps)
	}
	return text
}

// maxWhom is how many tasks are named to which the same is done.
const maxWhom = 8

// place is where a step ended, and in which call.
func (rec *Record) place(s Step) (at, call string) {
	if s.Stack < 0 || int(s.Stack) >= len(rec.Stacks) {
		return "", ""
	}
	st := rec.Stacks[s.Stack]
	if len(st.Places) > 0 {
		at = " at " + st.Places[0]
	}
	if st.Call != "" {
		call = " in " + st.Call
	}
	return at, call
}

// short is the name of a task without the path of the package of its function.
func short(name string) string {
	end := name[strings.LastIndexByte(name, '/')+1:]
	if strings.ContainsAny(name, " \t\n<>") || !strings.Contains(end, ".") {
		return name
	}
	return end
}
