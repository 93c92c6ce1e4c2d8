//go:build go1.27

package goid

// Get returns the calling goroutine's id, which is above 0 and never used again.
//
//go:norace
func Get() int64 { return checked() }
