// Package goid tells the calling goroutine's id.
//
// The runtime tells it only in the header of a stack, which takes microseconds. Package
// github.com/petermattis/goid reads it in one nanosecond where the known versions of Go
// keep it. Another version may keep it elsewhere; so the two are compared when the program
// starts, and where they differ the slow one is used. To be able to choose costs as much
// as the fast one, a tenth of what a lock does, and so the versions with which this was
// tested do not.
package goid

import (
	"bytes"
	"runtime"
	"strconv"

	"github.com/petermattis/goid"
)

// checked is Get with a version of Go that need not keep ids where others did.
//
//go:norace
func checked() int64 {
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

// read is the id that the runtime tells: a stack begins with "goroutine 7 [running".
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
