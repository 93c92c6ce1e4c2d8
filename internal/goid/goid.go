// Package goid tells the calling goroutine's id.
//
// The runtime tells it only in the header of a stack, which takes a microsecond. Package
// github.com/petermattis/goid reads it in one nanosecond where the known versions of Go
// keep it. Another version may keep it elsewhere; so the two are compared when the program
// starts, and where they differ the slow one is used.
package goid

import (
	"bytes"
	"runtime"
	"strconv"

	"github.com/petermattis/goid"
)

// Get returns the calling goroutine's id, which is above 0 and never used again.
//
//go:norace
func Get() int64 {
	if fast {
		return goid.Get()
	}
	return read()
}

var fast = agrees(goid.Get)

// agrees reports whether get returns on some goroutines what the runtime tells.
func agrees(get func() int64) bool {
	const goroutines = 8
	right := make(chan bool, goroutines)
	for range goroutines {
		go func() { right <- get() == read() }()
	}
	all := get() == read()
	for range goroutines {
		all = <-right && all
	}
	return all
}

// read is Get by the runtime: a stack begins with "goroutine 7 [running".
//
//go:norace
func read() int64 {
	var buf [64]byte
	text := buf[:runtime.Stack(buf[:], false)]
	text, _ = bytes.CutPrefix(text, []byte("goroutine "))
	num, _, _ := bytes.Cut(text, []byte(" "))
	id, err := strconv.ParseInt(string(num), 10, 64)
	if err != nil {
		panic("anyio: this version of Go does not tell goroutines apart: " + err.Error())
	}
	return id
}
