// Package bubble tells whether the calling goroutine is in a bubble of package
// testing/synctest. What one waits for there must have been made there: so nothing
// is taken from what the process shares, as pooled channels and timers.
package bubble

import (
	"flag"
	"time"

	"github.com/anyio-go/anyio/internal/quiet"
)

// start carries a monotonic reading. The clock of a bubble begins in the year 2000
// and has none.
var start = time.Now()

// program tells whether this is a test's program. Others have no bubbles, and need
// not look at the clock.
var program quiet.Uint32

const (
	unknown = iota
	other
	test
)

// In reports whether the calling goroutine is in a bubble: there the clock is
// before the process's start. It is wrong once a bubble's clock has come to the
// present, more than 20 years after its beginning.
func In() bool { return program.Load() != other && look() }

func look() bool {
	if program.Load() == unknown {
		is := uint32(other)
		if flag.Lookup("test.v") != nil {
			is = test
		}
		program.Store(is)
	}
	return program.Load() == test && time.Since(start) < 0
}
