package simtrace

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// What the text shows of a run.
const (
	maxLanes = 16  // with more tasks there are no lanes
	maxLine  = 200 // characters of one turn
	maxCycle = 20  // tasks of a cycle
	epochDay = 86400 * int64(time.Second)
)

// Text shows the turns of tasks, a line each: the time, a lane for each task, and what it
// did. Of more than most turns the first and the last ones are shown.
func (rec *Record) Text(most int) string {
	turns := rec.turns()
	var b strings.Builder
	l := newLanes(rec, turns)
	head := most / 3
	left := make(map[uint64]bool) // tasks that were left out
	cut := rec.shown(turns) - most
	format := "15:04:05.000"
	if rec.hasShort(turns) {
		format = "15:04:05.000000"
	}
	i := -1
	for j := range turns {
		t := &turns[j]
		l.enter(t)
		if t.lost > 0 {
			fmt.Fprintf(&b, "  … %d steps were not kept\n", t.lost)
		}
		out := rec.leavesOut(t.task)
		if out {
			left[rec.Tasks[t.task].ID] = true
		} else {
			i++
		}
		switch {
		case out:
		case cut > 0 && i == head:
			fmt.Fprintf(&b, "  … and %d more turns\n", cut)
		case cut > 0 && i > head && i <= head+cut-1:
		default:
			name := ""
			if t.task != Nobody {
				name = rec.name(t.task) + ": "
			}
			line := fmt.Sprintf("  %s  %s%s%s", clock(t.now, format), l, name, rec.describe(*t))
			b.WriteString(clip(line, maxLine) + "\n")
		}
		l.leave(t)
	}
	if len(left) > 0 {
		fmt.Fprintf(&b, "  %s\n", clip("not shown, as they had not run when it failed: "+list(left), maxLine))
	}
	rec.writeCycle(&b)
	return b.String()
}

// leavesOut reports whether the turns of a task are not shown.
func (rec *Record) leavesOut(task int32) bool {
	return task != Nobody && rec.Out[rec.Tasks[task].ID]
}

// shown is how many of the turns are shown.
func (rec *Record) shown(turns []turn) (n int) {
	for _, t := range turns {
		if !rec.leavesOut(t.task) {
			n++
		}
	}
	return n
}

// list is IDs in their order.
func list(ids map[uint64]bool) string {
	var all []string
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		all = append(all, fmt.Sprint(id))
	}
	return strings.Join(all, ", ")
}

// clip shortens a line.
func clip(line string, most int) string {
	line = strings.ReplaceAll(line, "\n", " / ")
	if r := []rune(line); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return strings.TrimRight(line, " ")
}

// hasShort reports whether less than a millisecond passes between two turns that are shown.
func (rec *Record) hasShort(turns []turn) bool {
	last := int64(-1)
	for _, t := range turns {
		if rec.leavesOut(t.task) {
			continue
		}
		if t.now != last && last >= 0 && t.now-last < int64(time.Millisecond) {
			return true
		}
		last = t.now
	}
	return false
}

// clock is a time of the run.
func clock(now int64, format string) string {
	t := time.Unix(0, now%epochDay).UTC().Format(format)
	if days := now / epochDay; days > 0 {
		return fmt.Sprintf("%dd %s", days, t)
	}
	return t
}

// A lanes is what each task does: it runs '*', waits '|', is ready '.', has ended 'x', or
// is not there ' '.
type lanes struct {
	rec  *Record
	at   map[int32]int // the lane of a task
	now  []byte
	does []byte // in a turn
}

// newLanes gives a lane to each task that has a turn, if they are not too many.
func newLanes(rec *Record, turns []turn) *lanes {
	l := &lanes{rec: rec, at: make(map[int32]int)}
	for _, t := range turns {
		if _, ok := l.at[t.task]; !ok && t.task != Nobody && !rec.leavesOut(t.task) {
			l.at[t.task] = len(l.at)
		}
	}
	if len(l.at) > maxLanes {
		clear(l.at)
	}
	l.now = []byte(strings.Repeat(" ", len(l.at)))
	return l
}

func (l *lanes) set(task int32, to byte) {
	if i, ok := l.at[task]; ok {
		l.now[i] = to
	}
}

// enter notes what happens in a turn.
func (l *lanes) enter(t *turn) {
	for _, e := range t.did {
		if e.Kind <= Cancel {
			l.set(e.Task, '.')
		}
	}
	l.does = append(l.does[:0], l.now...)
	if i, ok := l.at[t.task]; ok {
		l.does[i] = '*'
		if l.rec.Steps[t.from+t.steps-1].End >= Ended {
			l.does[i] = 'x'
		}
	}
}

// leave notes what the task of a turn does after it.
func (l *lanes) leave(t *turn) {
	if t.task == Nobody {
		return
	}
	switch end := l.rec.Steps[t.from+t.steps-1].End; {
	case end == Waits:
		l.set(t.task, '|')
	case end >= Ended:
		l.set(t.task, ' ')
	default:
		l.set(t.task, '.')
	}
}

func (l *lanes) String() string {
	if len(l.at) == 0 {
		return ""
	}
	return strings.Join(strings.Split(string(l.does), ""), " ") + "  "
}

// writeCycle tells who waits for whom in the end.
func (rec *Record) writeCycle(b *strings.Builder) {
	if rec.Stall == nil || len(rec.Stall.Cycle) == 0 {
		return
	}
	b.WriteString("they wait for each other:\n")
	links := rec.Stall.Cycle
	for i, l := range links {
		if i == maxCycle {
			fmt.Fprintf(b, "  … and %d more\n", len(links)-i)
			break
		}
		next := rec.name(links[(i+1)%len(links)].Task)
		b.WriteString(clip(fmt.Sprintf("  %s waits for %s", rec.name(l.Task), l.why(next)), maxLine) + "\n")
	}
}

// why is what is waited for, which the next task has.
func (l Link) why(next string) string {
	if l.For == "" {
		return "the end of " + next
	}
	text := fmt.Sprintf("the %s that %s holds", l.For, next)
	if l.Place != "" {
		text += " since " + l.Place
	}
	return text
}
