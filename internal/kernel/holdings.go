package kernel

// A Wanted is a Held that tells who waits for it.
type Wanted interface {
	Held
	// Claimants are its name, such as "Lock", and those who wait for it, see Caller. The
	// race detector must not see it.
	Claimants() (what string, ids []int64)
}

// A Holding is what a task holds.
type Holding struct {
	What   string   // "Lock"
	Place  string   // where it was acquired, as "folder/file.go:12"; "" if unknown
	Wanted []uint64 // the IDs of the tasks that wait for it
}

// holdings are what the tasks hold, the oldest first. Nothing else may run.
//
//go:norace
func holdings(views []TaskView) map[*Task][]Holding {
	all := make(map[*Task][]Holding)
	ids := make(map[int64]uint64)
	for _, v := range views {
		ids[v.Task.HolderID()] = v.Task.ID()
	}
	for _, v := range views {
		var of []Holding
		for h := v.Task.held; h != nil; h = h.next {
			w, ok := h.of.(Wanted)
			if !ok {
				continue
			}
			what, who := w.Claimants()
			holding := Holding{What: what, Place: h.pcs.place()}
			for _, id := range who {
				if task, ok := ids[id]; ok {
					holding.Wanted = append(holding.Wanted, task)
				}
			}
			of = append([]Holding{holding}, of...)
		}
		all[v.Task] = of
	}
	return all
}
