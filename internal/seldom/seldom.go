// Package seldom keeps the peers of a server from filling its log.
package seldom

import (
	"sync"
	"time"
)

// every is the least time between two lines of the log.
const every = time.Second

// A Log decides which of many like failures are told. The zero value is ready, for any
// goroutine.
type Log struct {
	mu     sync.Mutex // guards what follows
	told   time.Time
	untold int
}

// Tell reports whether a failure is to be told now, and how many before it were not.
func (l *Log) Tell(now time.Time) (others int, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.told.IsZero() && now.Sub(l.told) < every {
		l.untold++
		return 0, false
	}
	others = l.untold
	l.told, l.untold = now, 0
	return others, true
}
