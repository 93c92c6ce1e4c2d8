package kernel

import (
	"runtime"
	"strings"
	"sync"
	"testing"
)

// A report must not cost more than what it reports: with a hundred thousand goroutines
// all their stacks are hundreds of megabytes.
func TestHogReadsSomeStacksOnlyWhereThereAreMany(t *testing.T) {
	task := &Task{meta: &TaskMeta{Name: "hog", HasName: true}}
	bytes := func() (h Hog, n uint64) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		h = task.Hog(GoroutineID())
		runtime.ReadMemStats(&after)
		return h, after.TotalAlloc - before.TotalAlloc
	}
	if h, _ := bytes(); h.Task != "hog" || !strings.Contains(h.Stack, "hog_test.go") {
		t.Errorf("among few: %+v", h)
	}
	quit := make(chan struct{})
	var up, done sync.WaitGroup
	for range 3 * manyGoroutines {
		up.Add(1)
		done.Go(func() { up.Done(); <-quit })
	}
	up.Wait()
	h, n := bytes()
	close(quit)
	done.Wait()
	if n > 8*someStacks || h.Task != "hog" || h.Stack == "" {
		t.Errorf("among many: %d bytes were allocated, %+v", n, h)
	}
	if h := (*Task)(nil).Hog(-1); h.Task != "" || !strings.HasPrefix(h.Stack, "(not read: ") {
		t.Errorf("of nobody: %+v", h)
	}
}
