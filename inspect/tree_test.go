package inspect

import (
	"reflect"
	"testing"
	"time"
)

// A task whose parent is not seen, as it is over, is told as one without.
func TestTaskWithoutItsParent(t *testing.T) {
	got := inTreeOrder([]Task{{ID: 5, Parent: 4}, {ID: 6, Parent: 5}, {ID: 1}, {ID: 7, Parent: 1}})
	want := []Task{{ID: 5}, {ID: 6, Parent: 5, Depth: 1}, {ID: 1}, {ID: 7, Parent: 1, Depth: 1}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// Of several owners the chain goes on with the one that will be the last to go on.
func TestWhyNamesTheOwnerThatHoldsUp(t *testing.T) {
	limit := time.Second
	held := &Want{What: "Lock", Owners: []Owner{{Ref: Ref{1, 9}}}}
	byLikely := []Task{ // the least first
		{ID: 2, WaitsFor: "Lock.Acquire", Wants: held},
		{ID: 3, WaitsFor: "Lock.Acquire", Wants: held, Deadline: &limit},
		{ID: 4},
	}
	for n := range byLikely {
		owners := &Want{What: "RWLock", Owners: []Owner{{Name: "goroutine 7"}}}
		tasks := []Task{{ID: 1, WaitsFor: "RWLock.Acquire", Wants: owners}, {ID: 9}}
		for i := len(byLikely) - 1; i >= n; i-- {
			tasks = append(tasks, byLikely[i])
			owners.Owners = append(owners.Owners, Owner{Ref: Ref{1, byLikely[i].ID}})
		}
		s := &Snapshot{Runs: []Run{{ID: 1, Tasks: tasks}}}
		if chain := s.Why(Ref{1, 1}); len(chain) < 2 || chain[1].Task != byLikely[n].ID {
			t.Errorf("of %v: got %v, want %d", owners.Owners, chain, byLikely[n].ID)
		}
	}
}
