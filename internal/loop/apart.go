package loop

import (
	"runtime"

	"github.com/anyio-go/anyio/internal/kernel"
)

// An Ending is how a function has ended that had a goroutine of its own.
type Ending struct {
	err      error
	returned bool // false: by a panic, or by runtime.Goexit
	panicked error
}

// Apart calls f on a goroutine of its own, which as a new one is locked to no thread.
// Its ending is sent; who is what a panic names.
func Apart(who string, f func() error) chan Ending {
	ended := make(chan Ending, 1)
	go func() {
		var e Ending
		defer func() { ended <- e }()
		e.Note(who, f)
	}()
	return ended
}

// Note calls f and notes how it has ended.
func (e *Ending) Note(who string, f func() error) {
	defer func() {
		if v := recover(); v != nil {
			e.panicked = kernel.NewPanic(v, who)
		}
	}()
	e.err = f()
	e.returned = true
}

// Clean reports whether it has returned, without an error.
func (e Ending) Clean() bool { return e.returned && e.err == nil }

// Panicked reports whether it was by a panic.
func (e Ending) Panicked() bool { return e.panicked != nil }

// Result ends the caller as f has ended: it returns its error, raises its panic again,
// or exits the goroutine.
func (e Ending) Result() error {
	switch {
	case e.panicked != nil:
		panic(e.panicked)
	case !e.returned:
		runtime.Goexit()
	}
	return e.err
}
