package inspect

import (
	"encoding/json"
	"fmt"
)

// What tasks want is told once in JSON, and they refer to it: 100,000 of them may wait for
// the same. The list has the name of the field in a Task that refers to it.

type (
	plainSnapshot Snapshot // without the methods

	snapshotJSON struct {
		plainSnapshot
		Runs  []runJSON `json:"runs"`
		Wants []*Want   `json:"wants,omitempty"`
	}
	runJSON struct {
		Run
		Tasks []taskJSON `json:"tasks"`
	}
	taskJSON struct {
		Task
		Wants int `json:"wants,omitempty"` // its place in the list, from 1
	}
)

// MarshalJSON returns the snapshot with a list wants of all that tasks wait for. The field
// wants of a task is the place in that list, from 1.
func (s Snapshot) MarshalJSON() ([]byte, error) {
	out := snapshotJSON{plainSnapshot: plainSnapshot(s), Runs: make([]runJSON, len(s.Runs))}
	places := make(map[*Want]int)
	for i, r := range s.Runs {
		tasks := make([]taskJSON, len(r.Tasks))
		for n, t := range r.Tasks {
			tasks[n].Task = t
			if w := t.Wants; w != nil {
				if places[w] == 0 {
					out.Wants = append(out.Wants, w)
					places[w] = len(out.Wants)
				}
				tasks[n].Wants = places[w]
			}
		}
		out.Runs[i] = runJSON{r, tasks}
	}
	return json.Marshal(out)
}

// UnmarshalJSON takes what MarshalJSON has made. Tasks that want the same share it.
func (s *Snapshot) UnmarshalJSON(data []byte) error {
	var in snapshotJSON
	if err := json.Unmarshal(data, &in); err != nil {
		return err
	}
	*s = Snapshot(in.plainSnapshot)
	s.Runs = make([]Run, len(in.Runs))
	for i, r := range in.Runs {
		s.Runs[i] = r.Run
		s.Runs[i].Tasks = make([]Task, len(r.Tasks))
		for n, t := range r.Tasks {
			switch {
			case t.Wants == 0:
			case t.Wants < 0 || t.Wants > len(in.Wants):
				return fmt.Errorf("inspect: task %d of run %d wants number %d of %d", t.ID, r.ID, t.Wants, len(in.Wants))
			default:
				t.Task.Wants = in.Wants[t.Wants-1]
			}
			s.Runs[i].Tasks[n] = t.Task
		}
	}
	return nil
}
