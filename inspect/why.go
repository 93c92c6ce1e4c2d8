package inspect

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/anyio-go/anyio"
)

// Why returns the chain of waits that holds a task up: the task, one that it waits for, one
// that this waits for, and so on to one of which no such is known. A task that is ready
// waits for the one that holds up its event loop. If they wait for each other, the last one
// is among those before it. It is nil if there is no such task.
func (s *Snapshot) Why(ref Ref) []Ref { return s.why(s.index(), ref) }

func (s *Snapshot) why(tasks map[Ref]*Task, ref Ref) []Ref {
	var chain []Ref
	seen := make(map[Ref]bool)
	for t := tasks[ref]; t != nil; t = tasks[ref] {
		closed := seen[ref]
		seen[ref] = true
		if chain = append(chain, ref); closed {
			break
		}
		switch by := s.run(ref.Run).holder(t); {
		case by != nil:
			ref.Task = by.ID
		case t.Wants != nil && len(t.Wants.Owners) > 0:
			ref = slices.MinFunc(t.Wants.Owners, func(a, b Owner) int { return cmp.Compare(likely(tasks[a.Ref]), likely(tasks[b.Ref])) }).Ref
		default:
			return chain
		}
	}
	return chain
}

// WhyText returns Why in words, one line for each task. It is "" if there is no such task.
func (s *Snapshot) WhyText(ref Ref) string {
	var b strings.Builder
	tasks := s.index()
	chain := s.why(tasks, ref)
	for i, at := range chain {
		switch last := i > 0 && i == len(chain)-1; {
		case last && chain[0] == at:
			b.WriteString("which is where this began: they wait for each other\n")
		case last && slices.Contains(chain[:i], at):
			fmt.Fprintf(&b, "which is %s #%d again: they wait for each other\n", tasks[at].Name, at.Task)
		case i > 0 && tasks[chain[i-1]].State == anyio.TaskReady:
			b.WriteString("whose event loop is held up by " + tasks[at].line(""))
		case i > 0:
			b.WriteString("which is " + tasks[at].line(""))
		default:
			b.WriteString(tasks[at].line(""))
		}
	}
	return b.String()
}

func (s *Snapshot) run(id uint64) *Run {
	if n := slices.IndexFunc(s.Runs, func(r Run) bool { return r.ID == id }); n >= 0 {
		return &s.Runs[n]
	}
	return nil
}
