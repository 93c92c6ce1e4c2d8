package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/tasktree"
)

// A row is a task in the list.
type row struct {
	inspect.Ref
	*inspect.Task
	of *inspect.Run
	rank
	branch string // what is drawn before its name in a tree
}

// A rank is why a task stands where it does.
type rank int

const (
	inCircle  rank = iota // it is in a deadlock
	behind                // it waits for one that is
	holding               // it holds up its event loop
	overdue               // it waits for long
	unnoticed             // none of these
)

// An order is by what tasks of the same rank are sorted.
type order int

const (
	byWait order = iota
	byName
	byState
	orders
)

func (o order) String() string { return [...]string{"wait", "name", "state"}[o] }

// arrange makes the list of what was seen last, and keeps the chosen task in it.
func (m *model) arrange() {
	m.rows, m.total = m.rows[:0], 0
	ranks := ranksOf(m.last)
	wanted := strings.ToLower(strings.TrimSpace(m.filter))
	for i := range m.last.Runs {
		r := &m.last.Runs[i]
		m.total += len(r.Tasks)
		first := len(m.rows)
		for n := range r.Tasks {
			m.rows = append(m.rows, m.rowOf(r, &r.Tasks[n], ranks))
		}
		m.rows = append(m.rows[:first], m.wanted(m.rows[first:], wanted)...)
	}
	if m.tree {
		for i, left := range tasktree.Branches(len(m.rows), func(i int) int { return m.rows[i].Depth }) {
			m.rows[i].branch = left
		}
	} else {
		slices.SortStableFunc(m.rows, m.compare)
	}
	m.keepChosen()
	m.rewrite()
}

// rowOf is that of a task; ranks are those of ranksOf.
func (m *model) rowOf(of *inspect.Run, t *inspect.Task, ranks map[inspect.Ref]rank) row {
	r := row{Ref: inspect.Ref{Run: of.ID, Task: t.ID}, Task: t, of: of, rank: unnoticed}
	if wrong, ok := ranks[r.Ref]; ok {
		r.rank = wrong
	} else if t.Waited != nil && *t.Waited >= m.long {
		r.rank = overdue
	}
	return r
}

// held is for how long a task has held up its event loop, 0 if it does not.
func (r row) held() time.Duration {
	for _, h := range r.of.Held {
		if h.Task == r.Ref.Task {
			return h.For
		}
	}
	return 0
}

// ranksOf finds the tasks of which something is wrong.
func ranksOf(s *inspect.Snapshot) map[inspect.Ref]rank {
	ranks := make(map[inspect.Ref]rank)
	for _, r := range s.Runs {
		for _, h := range r.Held {
			ranks[inspect.Ref{Run: r.ID, Task: h.Task}] = holding
		}
	}
	for _, d := range s.Deadlocks {
		for _, ref := range d.Behind {
			ranks[ref] = behind
		}
		for _, l := range d.Circle {
			ranks[l.Ref] = inCircle
		}
	}
	return ranks
}

// wanted leaves those rows that a text is in, and in a tree those that they are below.
func (m *model) wanted(rows []row, text string) []row {
	if text == "" {
		return rows
	}
	left := rows[:0]
	var way []row // the rows above in a tree that are not in it yet
	for _, r := range rows {
		if m.tree {
			for len(way) > 0 && way[len(way)-1].Depth >= r.Depth {
				way = way[:len(way)-1]
			}
		}
		switch {
		case r.has(text):
			left = append(append(left, way...), r)
			way = way[:0]
		case m.tree:
			way = append(way, r)
		}
	}
	return left
}

// has reports whether a row has a text, which is in lower case, in what is seen of it.
func (r row) has(text string) bool {
	if number, ok := strings.CutPrefix(text, "#"); ok {
		return number == fmt.Sprint(r.Ref.Task) || number == fmt.Sprintf("%d.%d", r.Run, r.Ref.Task)
	}
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	return has(r.Name) || has(r.state()) || has(r.waitsFor()) || has(r.notes()) || slices.ContainsFunc(r.At, has) ||
		r.Wants != nil && slices.ContainsFunc(r.Wants.Owners, func(o inspect.Owner) bool { return has(o.Name) || has(o.Place) })
}

// compare orders rows: first what is wrong, then as was asked for.
func (m *model) compare(a, b row) int {
	if a.rank != b.rank {
		return cmp.Compare(a.rank, b.rank)
	}
	c := 0
	switch m.order {
	case byWait:
		c = cmp.Compare(waited(b.Task), waited(a.Task))
	case byName:
		c = cmp.Compare(a.Name, b.Name)
	case byState:
		c = cmp.Compare(a.State, b.State)
	}
	if m.reversed {
		c = -c
	}
	return cmp.Or(c, cmp.Compare(a.Run, b.Run), cmp.Compare(a.Ref.Task, b.Ref.Task))
}

// waited is how long a task has waited, less than 0 if it does not or that is not known.
func waited(t *inspect.Task) time.Duration {
	if t.Waited == nil {
		return -1
	}
	return *t.Waited
}

// state is what a task does, in a word.
func (r row) state() string {
	switch r.rank {
	case inCircle:
		return "deadlock"
	case behind:
		return "behind"
	case holding:
		return "holds up"
	}
	return string(r.State)
}

// waitsFor is the call in which a task waits, or in which the runtime says it does.
func (r row) waitsFor() string {
	if r.WaitsFor != "" || slices.Contains([]string{"coroutine", "running", "runnable"}, r.Goroutine) {
		return r.WaitsFor
	}
	return r.Goroutine
}

// notes are what else is to be known of a task.
func (r row) notes() string {
	var notes []string
	if r.Canceled != "" {
		notes = append(notes, "canceled")
	}
	if r.Deadline != nil {
		notes = append(notes, "deadline in "+short(*r.Deadline))
	}
	if r.Shielded {
		notes = append(notes, "shielded")
	}
	return strings.Join(notes, ", ")
}

// mostNamed is how many owners are named in a row.
const mostNamed = 5

// whoHas names who has what a task waits for, after the notes.
func (m *model) whoHas(r row) string {
	var who []string
	if notes := r.notes(); notes != "" {
		who = append(who, "["+notes+"]")
	}
	if r.Wants != nil {
		for i, o := range r.Wants.Owners {
			if i == mostNamed {
				break
			}
			name := o.Name
			if o.Task != 0 {
				name = m.nameOf(o.Name, o.Ref)
			}
			if o.Place != "" {
				name += " since " + o.Place
			}
			who = append(who, name)
		}
		if more := r.Wants.More + len(r.Wants.Owners) - mostNamed; more > 0 {
			who = append(who, fmt.Sprintf("%d more", more))
		}
	}
	return strings.Join(who, ", ")
}

// nameOf is a task's name with its number, as anyio why takes it.
func (m *model) nameOf(name string, ref inspect.Ref) string {
	if len(m.last.Runs) > 1 {
		return fmt.Sprintf("%s #%d.%d", name, ref.Run, ref.Task)
	}
	return fmt.Sprintf("%s #%d", name, ref.Task)
}

// short is a duration in six characters or fewer, but for a sign.
func short(d time.Duration) string {
	sign := ""
	if d < 0 {
		sign, d = "-", -max(d, -math.MaxInt64)
	}
	switch {
	case d < time.Millisecond:
		return sign + "<1ms"
	case d < time.Second:
		return fmt.Sprintf("%s%dms", sign, d.Milliseconds())
	case d < 100*time.Second:
		return fmt.Sprintf("%s%.1fs", sign, d.Truncate(100*time.Millisecond).Seconds())
	case d < 100*time.Minute:
		return fmt.Sprintf("%s%dm", sign, int(d.Minutes()))
	case d < 100*time.Hour:
		return fmt.Sprintf("%s%dh%02dm", sign, int(d.Hours()), int(d.Minutes())%60)
	}
	return fmt.Sprintf("%s%dd", sign, int(d.Hours())/24)
}
