package goid

import (
	"sync"
	"testing"

	"github.com/petermattis/goid"
)

// onEach calls f with the fast way to get an id, if there is one here, and with the slow.
func onEach(t *testing.T, f func(t *testing.T)) {
	known := fast
	defer func() { fast = known }()
	for _, fast = range []bool{known, false} {
		t.Run(map[bool]string{true: "fast", false: "slow"}[fast], f)
	}
}

func TestIDsAreThoseOfTheRuntime(t *testing.T) {
	onEach(t, func(t *testing.T) {
		const goroutines = 200
		ids := make(chan int64, goroutines)
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				id := Get()
				if told := read(); id != told || id <= 0 {
					t.Errorf("%d, where the runtime says %d", id, told)
				}
				ids <- id
			})
		}
		wg.Wait()
		close(ids)
		seen := map[int64]bool{}
		for id := range ids {
			seen[id] = true
		}
		if len(seen) != goroutines {
			t.Errorf("%d goroutines have %d ids", goroutines, len(seen))
		}
	})
}

func TestWhatDiffersFromTheRuntimeIsNotTrusted(t *testing.T) {
	here := goid.Get()
	for name, get := range map[string]func() int64{
		"right here only": func() int64 { return here },
		"wrong here only": func() int64 {
			if id := goid.Get(); id != here {
				return id
			}
			return 0
		},
		"never set":    func() int64 { return 0 },
		"another word": func() int64 { return goid.Get() + 1 },
	} {
		if agrees(get) {
			t.Errorf("%s: trusted", name)
		}
	}
	if !agrees(read) {
		t.Error("the runtime is not trusted")
	}
	if !agrees(goid.Get) {
		t.Error("the package for goroutine ids does not know this version of Go: everything is slow")
	}
}

func TestFastIDCostsNoAllocation(t *testing.T) {
	if !fast {
		t.Skip("there is no fast way here")
	}
	if n := testing.AllocsPerRun(100, func() { Get() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGet(b *testing.B) {
	for b.Loop() {
		Get()
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		read()
	}
}
