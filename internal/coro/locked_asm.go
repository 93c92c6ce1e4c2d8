//go:build gc && (amd64 || arm64)

package coro

import (
	"runtime"
	"unsafe"
)

// self is what the runtime keeps about the calling goroutine.
//
//go:noescape
func self() unsafe.Pointer

// lockedAt is where the runtime keeps the thread to which a goroutine is
// locked: the word that is the goroutine's thread while it is locked, and zero
// before and after. It is 0 if there is no such word, or more than one.
var lockedAt = func() uintptr {
	found := make(chan uintptr)
	go func() { // this goroutine is surely not locked
		const tries = 100 // the thread may change in the middle
		for range tries {
			if at := findLocked(); at != 0 {
				found <- at
				return
			}
		}
		found <- 0
	}()
	return <-found
}()

// words is how much of it is looked at; it is larger on every version of Go.
const words = 44

func findLocked() uintptr {
	g := (*[words]uintptr)(self())
	before := *g
	runtime.LockOSThread()
	during := *g
	runtime.UnlockOSThread()
	after := *g
	at, n := 0, 0
	for i, thread := range during {
		if thread == 0 || before[i] != 0 || after[i] != 0 {
			continue
		}
		for j := range g {
			if before[j] == thread && during[j] == thread && after[j] == thread {
				at = i
				n++
				break
			}
		}
	}
	if n != 1 {
		return 0
	}
	return uintptr(at) * unsafe.Sizeof(during[0])
}

// Tells is whether Locked knows.
var Tells = lockedAt != 0

// Locked reports whether the calling goroutine is locked to its thread, or may be
// for all we know. Then it may resume only coroutines that it has made itself, in
// the same state; and it may not resume them otherwise. The runtime ends the
// program that does.
func Locked() bool {
	return !Tells || *(*uintptr)(unsafe.Add(self(), lockedAt)) != 0
}
