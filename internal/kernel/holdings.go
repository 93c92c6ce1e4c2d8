package kernel

// A Holding is what a task holds and others wait for.
type Holding struct {
	What   string   // "Lock"
	Place  string   // where it was acquired, as "folder/file.go:12"; "" if unknown
	Wanted []uint64 // the IDs of the tasks that wait for it
}

// holdings are what tasks hold that keeps others waiting. Nothing else may run.
//
//go:norace
func holdings(views []TaskView) map[*Task][]Holding {
	all, ids, asked := make(map[*Task][]Holding), make(map[int64]*Task), make(map[Source]Owners)
	for _, v := range views {
		if id := v.Task.HolderID(); id != 0 {
			ids[id] = v.Task
		}
	}
	for i := range views {
		o := ownersOf(views[i].Of, ids, asked)
		if o.What == "" || o.Any && len(o.Who) > 1 {
			continue // as the tree of tasks tells, or who holds it does not keep anybody waiting alone
		}
		for _, who := range o.Who {
			if who.Task != nil {
				all[who.Task] = withHolding(all[who.Task], o.What, who.By.Place(), views[i].Task.ID())
			}
		}
	}
	return all
}

// withHolding adds a task to those who wait for one of the holdings, or a holding.
//
//go:norace
func withHolding(all []Holding, what, place string, wantedBy uint64) []Holding {
	for i := range all {
		if h := &all[i]; h.What == what && h.Place == place {
			h.Wanted = append(h.Wanted, wantedBy)
			return all
		}
	}
	return append(all, Holding{what, place, []uint64{wantedBy}})
}
