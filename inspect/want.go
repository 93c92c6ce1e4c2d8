package inspect

import (
	"cmp"
	"slices"

	"github.com/anyio-go/anyio/internal/kernel"
)

// wantOf tells of owners, nil if none is known. Those who wait for the same share what is
// told: thousands may wait for one of thousands.
func wantOf(o kernel.Owners, all map[*kernel.Owner]*Want) *Want {
	if len(o.Who) == 0 {
		return nil
	}
	w := all[&o.Who[0]]
	if w == nil {
		w = &Want{What: o.What, Any: o.Any}
		for _, who := range o.Who {
			w.Owners = append(w.Owners, ownerOf(who))
		}
		all[&o.Who[0]] = w
	}
	w.Waiting++
	return w
}

// mostOwners is how many owners a snapshot tells of each thing that is waited for.
const mostOwners = 10

// shorten leaves out owners where there are many: those who go on sooner than others.
func (s *Snapshot) shorten(wants map[*kernel.Owner]*Want) {
	var at map[Ref]*Task
	for _, w := range wants {
		if len(w.Owners) <= mostOwners {
			continue
		}
		if at == nil {
			at = s.index()
		}
		slices.SortStableFunc(w.Owners, func(a, b Owner) int { return cmp.Compare(likely(at[a.Ref]), likely(at[b.Ref])) })
		w.More = len(w.Owners) - mostOwners
		w.Owners = slices.Clone(w.Owners[:mostOwners])
	}
}

// likely orders tasks by how soon they will go on, as far as is known: least those that wait
// for others, then those that wait, most what is no task.
func likely(t *Task) int {
	switch {
	case t == nil:
		return 3
	case t.Wants != nil && t.Deadline == nil:
		return 0
	case t.WaitsFor != "":
		return 1
	}
	return 2
}

// index finds tasks by their names for programs.
func (s *Snapshot) index() map[Ref]*Task {
	at := make(map[Ref]*Task)
	for i := range s.Runs {
		r := &s.Runs[i]
		for n := range r.Tasks {
			at[Ref{r.ID, r.Tasks[n].ID}] = &r.Tasks[n]
		}
	}
	return at
}
