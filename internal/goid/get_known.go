//go:build !go1.27

package goid

import "github.com/petermattis/goid"

// Get returns the calling goroutine's id, which is above 0 and never used again.
//
//go:norace
func Get() int64 { return goid.Get() }

func init() {
	if !fast {
		panic("anyio: this build of Go is none of those that it was tested with: it keeps the ids of goroutines elsewhere")
	}
}
