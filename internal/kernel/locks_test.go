package kernel

import (
	"testing"

	"github.com/anyio-go/anyio/internal/locktest"
	"github.com/petermattis/goid"
)

// everyBucket is the locks of all strays.
type everyBucket struct{}

func (everyBucket) Lock() {
	for i := range strays {
		strays[i].mu.Lock()
	}
}

func (everyBucket) Unlock() {
	for i := range strays {
		strays[i].mu.Unlock()
	}
}

func TestLatchIsUsedUnderItsLock(t *testing.T) {
	var l Latch
	b := GetBlocker()
	b.Prepare(newTestPlace(t, false).place, opTest)
	locktest.Takes(t, "Enqueue", &l.mu, func() { l.Enqueue(&b.Node) })
	locktest.Takes(t, "Waiting", &l.mu, func() { l.Waiting() })
	locktest.Takes(t, "Dequeue", &l.mu, func() { l.Dequeue(&b.Node) })
	locktest.Takes(t, "Open", &l.mu, l.Open)
}

type heldByNobody struct{}

func (heldByNobody) Abandoned(string, string) error { return nil }

func TestWhatGoroutinesHoldIsUsedUnderItsLock(t *testing.T) {
	task := &Task{}
	v := Place{}.visit(task, false) // as long as there is no guest nobody looks
	defer v.end()
	for what, f := range map[string]func(){
		"Caller":     func() { Caller() },
		"SomeHost":   func() { SomeHost(func(int64) bool { return false }) },
		"HolderID":   func() { task.HolderID() },
		"takeStrays": func() { straysOf(goid.Get()) },
	} {
		locktest.Takes(t, what, everyBucket{}, f)
	}
	done := make(chan visit, 1)
	locktest.Takes(t, "a visit", everyBucket{}, func() {
		v := visit{guest: &guest{goid: goid.Get()}}
		v.guest.enter()
		done <- v
	})
	locktest.Takes(t, "its end", everyBucket{}, (<-done).guest.leave)
	var h Hold
	locktest.Takes(t, "Take", everyBucket{}, func() { h.Take(heldByNobody{}, nil, goid.Get()) })
	locktest.Takes(t, "Drop", everyBucket{}, new(Hold).Drop)
}

// To record where something was taken costs more than to take it: in the end only runs
// with Debug do.
func TestPlacesAreRecordedUntilThereAreMany(t *testing.T) {
	before := places.Load()
	defer places.Store(before)
	debug := &Task{}
	debug.run = &Run{Config: Config{Debug: true}}
	plain := &Task{}
	plain.run = &Run{}
	for _, c := range []struct {
		recorded int64
		task     *Task
		want     bool
	}{
		{0, nil, true}, {maxPlaces - 1, nil, true}, {maxPlaces, nil, false},
		{maxPlaces - 1, plain, true}, {maxPlaces, plain, false}, {maxPlaces, debug, true},
	} {
		var h Hold
		h.pcs[0] = 1 // of an earlier use
		places.Store(c.recorded)
		h.Take(heldByNobody{}, c.task, goid.Get())
		if got := h.By()[0] > 1; got != c.want || !c.want && h.By() != (Calls{}) {
			t.Errorf("with %d places, task %v: recorded %v", c.recorded, c.task != nil, got)
		}
		h.Drop()
	}
}
