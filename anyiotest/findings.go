package anyiotest

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"sync"
)

// A finding is what is wrong with a test.
type finding struct {
	*trial       // the first run that has shown it
	number  int  // which of the search that was
	seen    int  // in so many runs
	differs bool // the run has not failed, but was another one when it was made again
}

// findings are those of a search.
type findings struct {
	mu      sync.Mutex
	byKey   map[string]*finding // guarded by mu, as all
	stuck   int                 // runs that did not come back
	skipped *trial              // the first run, if it was
}

// maxStuck is how many runs may be given up because a step did not come back. Each takes a
// second, and what it leaves is never ended.
const maxStuck = 4

// note takes a finding, and reports whether the search, which wants so many, is at its end.
func (fs *findings) note(key string, f *finding, most int) (enough bool) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.byKey == nil {
		fs.byKey = make(map[string]*finding)
	}
	f.seen = 1
	if old := fs.byKey[key]; old != nil {
		old.seen++
		if f.seen = old.seen; f.number > old.number {
			f = old
		}
	}
	fs.byKey[key] = f
	if strings.Contains(key, stuckKey) {
		fs.stuck++
	}
	return len(fs.byKey) >= most || fs.stuck >= maxStuck
}

// noteSkip takes a first run that was skipped.
func (fs *findings) noteSkip(tr *trial) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	fs.skipped = tr
}

// first are the findings in the order of their schedules, so many at most.
func (fs *findings) first(most int) []*finding {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	all := slices.SortedFunc(maps.Values(fs.byKey), func(a, b *finding) int { return cmp.Compare(a.number, b.number) })
	return all[:min(len(all), most)]
}
