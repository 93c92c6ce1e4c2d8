package goid

import (
	"bytes"
	"runtime"
)

// Locked reports whether the calling goroutine is locked to its thread. The runtime tells
// it in the header of a stack alone, "goroutine 1 [running, locked to thread]:", so it
// takes microseconds.
//
//go:norace
func Locked() bool {
	var header [96]byte
	line, _, _ := bytes.Cut(header[:runtime.Stack(header[:], false)], []byte("\n"))
	return bytes.Contains(line, []byte("locked to thread"))
}
