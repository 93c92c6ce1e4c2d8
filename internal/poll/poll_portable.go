package poll

import (
	"time"

	"github.com/anyio-go/anyio/internal/race"
)

// A bed is a channel on which the loop waits. It is the cheapest place, used
// everywhere when no descriptor is registered, and always where descriptors are
// not watched by Go's own poller.
type bed struct {
	tokenc chan struct{} // holds one token, so that unpark never blocks
	timer  *time.Timer   // reused by each park with a timeout, nil before the first
	timed  bool          // whether the next park has a timeout
}

func newBed() *bed { return &bed{tokenc: make(chan struct{}, 1)} }

// prepare implements parker. It is not called under race.Disable: a timer that is
// set there runs without knowing even the initialization of package time, which
// is reported as a race, from where the runtime cannot report one and crashes.
//
//go:norace
func (b *bed) prepare(timeout time.Duration) {
	b.timed = timeout >= 0
	switch {
	case !b.timed:
	case b.timer == nil:
		b.timer = time.NewTimer(timeout)
	default:
		b.timer.Reset(timeout)
	}
}

// park implements parker. A token that came after an earlier park had timed out
// makes it return early.
//
//go:norace
func (b *bed) park() {
	if !b.timed {
		<-b.tokenc
		return
	}
	select {
	case <-b.tokenc:
	case <-b.timer.C:
	}
}

// unpark implements parker.
//
//go:norace
func (b *bed) unpark() {
	race.Disable()
	select {
	case b.tokenc <- struct{}{}:
	default:
	}
	race.Enable()
}

// A portable source knows of no kernel interface: a descriptor is ready when
// Desc.Post says so. It serves systems without epoll and kqueue, such as Windows,
// where the sockets of a loop are those of package net and register nothing: there
// the loop only parks. It is compiled everywhere so that it is tested everywhere.
type portable struct{ *bed }

func (portable) open() error                                      { return nil }
func (portable) add(*Desc) error                                  { return nil }
func (portable) remove(*Desc) error                               { return nil }
func (portable) registered(int) *Desc                             { return nil }
func (portable) mute(*Desc, bool) error                           { return nil }
func (portable) poll(func(data any, readable, writable bool)) int { return 0 }
func (portable) close() error                                     { return nil }
