package inspect

import (
	"fmt"
	"slices"
	"strings"
)

// Why returns the chain of waits that holds a task up: the task, one that it waits for, one
// that this waits for, and so on to one of which no such is known. If they wait for each
// other, the last one is among those before it. It is nil if there is no such task.
func (s *Snapshot) Why(ref Ref) []Ref {
	var chain []Ref
	for t := s.Task(ref); t != nil; t = s.Task(ref) {
		closed := slices.Contains(chain, ref)
		if chain = append(chain, ref); closed || t.Wants == nil {
			break
		}
		ref = s.holdsUp(t.Wants)
	}
	return chain
}

// holdsUp is the owner that will go on last, as far as known: one that waits for others, else
// one that waits, else the first.
func (s *Snapshot) holdsUp(w *Want) Ref {
	least := func(o Owner) int {
		switch t := s.Task(o.Ref); {
		case t == nil:
			return 3
		case t.Wants != nil && t.Deadline == nil:
			return 0
		case t.WaitsFor != "":
			return 1
		}
		return 2
	}
	best := w.Owners[0]
	for _, o := range w.Owners[1:] {
		if least(o) < least(best) {
			best = o
		}
	}
	return best.Ref
}

// WhyText returns Why in words, one line for each task. It is "" if there is no such task.
func (s *Snapshot) WhyText(ref Ref) string {
	var b strings.Builder
	chain := s.Why(ref)
	for i, at := range chain {
		t := s.Task(at)
		if first := slices.Index(chain, at); first < i {
			fmt.Fprintf(&b, "which is where this began: they wait for each other\n")
			break
		}
		if i > 0 {
			b.WriteString("which is ")
		}
		b.WriteString(t.line(""))
	}
	return b.String()
}
