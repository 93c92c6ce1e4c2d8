//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"runtime"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/poll"
)

// watched is what a descriptor keeps of who is told of it by callbacks.
type watched struct {
	by       kernel.Ready
	reading  bool // by is to be told that it is readable
	writing  bool
	paused   bool // nobody wants to read
	muted    bool // the poller does not say that it is readable, as it was paused
	retrying bool // a retry is under way
}

// due takes out who is to be told of news; the lock may be given up before tell.
func (w *watched) due(readable, writable bool) told {
	t := told{w.by, readable && w.reading, writable && w.writing}
	w.reading = w.reading && !readable
	w.writing = w.writing && !writable
	return t
}

type told struct {
	by               kernel.Ready
	reading, writing bool
}

func (t told) tell() {
	if t.by == nil {
		return
	}
	if t.reading {
		t.by.Readable()
	}
	if t.writing {
		t.by.Writable()
	}
}

// guard closes the descriptor when nobody holds the handle any more. It is a finalizer, as
// package net has them: a cleanup would need 40 bytes more.
func (h *handle) guard() { runtime.SetFinalizer(h, (*handle).forgotten) }

func (h *handle) forgotten() { h.f.close() }

// Watch makes r be told when an attempt may be made again.
func (h *handle) Watch(r kernel.Ready) {
	f := h.f
	f.mu.Lock()
	was := f.watched.by
	f.watched = watched{by: r, muted: f.watched.muted, retrying: f.watched.retrying}
	resume := f.unmuteLocked()
	f.mu.Unlock()
	if resume {
		f.unmute()
	}
	switch {
	case r != nil && was == nil:
		runtime.SetFinalizer(h, nil) // what is watched is known by who watches
		if f.waiting.CompareAndSwap(false, true) {
			f.reader.Store(nil) // for who waits, and hardly anybody does
			f.waiting.Store(false)
		}
	case r == nil && was != nil && !f.closed():
		h.guard()
	}
}

// PauseReading lets nothing be told that arrives.
func (h *handle) PauseReading() {
	f := h.f
	f.mu.Lock()
	f.watched.paused, f.watched.reading = true, false
	f.mu.Unlock()
}

// ResumeReading ends that.
func (h *handle) ResumeReading() {
	f := h.f
	f.mu.Lock()
	f.watched.paused = false
	resume := f.unmuteLocked()
	f.mu.Unlock()
	if resume {
		f.unmute()
	}
}

// muteLocked reports whether the poller is to be muted, of what is readable. If nobody
// wants to read, the first news are the last: most pauses are over before anything comes,
// and cost no system call.
func (f *descriptor) muteLocked() bool {
	w := &f.watched
	if !w.paused || w.muted || f.desc == nil || f.read.waiters.Len() > 0 {
		return false
	}
	w.muted = true
	return true
}

// unmuteLocked reports whether unmute is to be called.
func (f *descriptor) unmuteLocked() bool {
	resume := f.watched.muted
	f.watched.muted = false
	return resume
}

// unmute lets the poller tell again, as soon as the loop comes to it.
func (f *descriptor) unmute() { f.net.register(f) }

// speak is what unmute asks the loop for.
func (f *descriptor) speak(d *poll.Desc) {
	f.mu.Lock()
	muted := f.watched.muted // again
	f.mu.Unlock()
	if !muted && f.net.b.clock.poller.Mute(d, false) != nil {
		f.wake(true, false) // an attempt will tell why
	}
}

// block ends an attempt that began when seen edges were counted and found nothing. It
// returns kernel.ErrWouldBlock, or nil if there was news meanwhile and another attempt is
// worth while, or what is wrong.
//
//go:noinline
func (f *descriptor) block(d *direction, seen uint64, op string) error {
	f.mu.Lock()
	switch {
	case f.closed():
		f.mu.Unlock()
		return f.isClosed(kernel.Place{}, op)
	case f.refused != nil:
		err := f.refused
		f.mu.Unlock()
		return f.opError(op, err)
	case d.edges.Load() != seen:
		f.mu.Unlock()
		return nil
	}
	if d == &f.read {
		f.watched.reading = f.watched.by != nil && !f.watched.paused
	} else {
		f.watched.writing = f.watched.by != nil
	}
	ask := !f.asked
	f.asked = true
	f.mu.Unlock()
	if ask {
		f.net.register(f)
	}
	return kernel.ErrWouldBlock
}
