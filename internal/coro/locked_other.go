//go:build !gc || !(amd64 || arm64)

package coro

// Tells is whether Locked knows.
const Tells = false

// Locked reports whether the calling goroutine is locked to its thread, or may be
// for all we know. Then it may resume only coroutines that it has made itself.
func Locked() bool { return true }
