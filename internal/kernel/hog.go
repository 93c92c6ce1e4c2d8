package kernel

import (
	"runtime"
	"strconv"
	"time"
)

// A Hog is a task that has kept its loop to itself for long.
type Hog struct {
	Task   string
	For    time.Duration // at least
	Places []string      // the user's innermost calls
	Stack  string
}

// The stack of another goroutine is to be had only with those of all. Where there are
// many that would hold up the program for longer than the hog does, and take a lot of
// memory, so only some are read; the hog's is among them if it is one of the older ones.
const (
	manyGoroutines = 10_000
	someStacks     = 1 << 20 // bytes
)

// Hog describes the task t, which runs on a goroutine. The world stops meanwhile.
//
//go:norace
func (t *Task) Hog(goroutine int64) Hog {
	var stacks map[int64]string
	n := runtime.NumGoroutine()
	if n > manyGoroutines {
		stacks = stacksUpTo(someStacks)
	} else {
		stacks = Stacks()
	}
	h := Hog{Stack: stacks[goroutine], Places: userFrames(stacks, goroutine, false, false)}
	if h.Stack == "" {
		h.Stack = "(not read: there are " + strconv.Itoa(n) + " goroutines)"
	}
	if t != nil {
		h.Task = t.Name()
	}
	return h
}
