package goid

import (
	"sync"
	"testing"

	"github.com/petermattis/goid"
)

// onEach calls f with Get, with what it is where nothing is known, and with the slow way.
func onEach(t *testing.T, f func(t *testing.T, get func() int64)) {
	known := fast
	defer func() { fast = known }()
	t.Run("Get", func(t *testing.T) { f(t, Get) })
	t.Run("checked", func(t *testing.T) { f(t, checked) })
	fast = false
	t.Run("slow", func(t *testing.T) { f(t, checked) })
}

func TestIDsAreThoseOfTheRuntime(t *testing.T) {
	onEach(t, func(t *testing.T, get func() int64) {
		const goroutines = 200
		ids := make(chan int64, goroutines)
		var wg sync.WaitGroup
		for range goroutines {
			wg.Go(func() {
				id := get()
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
	if n := testing.AllocsPerRun(100, func() { Get() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkGet(b *testing.B) {
	for b.Loop() {
		Get()
	}
}

func BenchmarkChecked(b *testing.B) {
	for b.Loop() {
		checked()
	}
}

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		read()
	}
}
