//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package poll_test

import (
	"errors"
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

func TestUnregisterStopsReports(t *testing.T) {
	p := newPoller(t)
	r, w := pipe(t)
	d := registerFd(t, p, r, "r")
	registerFd(t, p, w, "w")
	reports(t, p)
	if err := p.Unregister(d); err != nil {
		t.Fatal(err)
	}
	write(t, w, "x")
	if got := reports(t, p)["r"]; got != "" {
		t.Errorf("unregistered descriptor reported as %q", got)
	}
	// The number can be used again.
	registerFd(t, p, r, "again")
	if got := reports(t, p)["again"]; got != "r" {
		t.Errorf("descriptor registered again reported as %q, want r", got)
	}
}

// Wait fetches events. They must not be reported after Unregister, nor for
// another descriptor that got the number in between.
func TestUnregisterAfterFetch(t *testing.T) {
	p := newPoller(t)
	r, w := pipe(t)
	d := registerFd(t, p, r, "old")
	reports(t, p)
	write(t, w, "x")
	p.Wait(-1)
	if err := p.Unregister(d); err != nil {
		t.Fatal(err)
	}
	drain(t, r)
	registerFd(t, p, r, "new")
	wantReports(t, p)
	write(t, w, "x")
	wantReports(t, p, "new", "r")
}

func TestUnregisterInsideReady(t *testing.T) {
	p := newPoller(t)
	var descs [2]*poll.Desc
	for i := range descs {
		r, w := pipe(t)
		descs[i] = registerFd(t, p, r, i)
		write(t, w, "x")
	}
	var got []int
	p.Poll(func(data any, _, _ bool) {
		i := data.(int)
		got = append(got, i)
		other := descs[1-i]
		if err := p.Unregister(other); err != nil {
			t.Error(err)
		}
		// Ready as well, hence reported, but as what it is now.
		registerFd(t, p, other.Fd(), 2)
	})
	if len(got) != 1 {
		t.Fatalf("reported %v, want one of the two", got)
	}
	if again := reports(t, p); len(again) != 1 || again[2] != "r" {
		t.Errorf("next Poll reported %v, want the new registration", again)
	}
}

func TestRegisterErrors(t *testing.T) {
	p := newPoller(t)
	r, _ := pipe(t)
	d := registerFd(t, p, r, "r")
	if _, err := p.Register(r, "twice"); !errors.Is(err, unix.EEXIST) {
		t.Errorf("second Register: %v, want EEXIST", err)
	}
	if _, err := p.Register(-1, "none"); !errors.Is(err, unix.EBADF) {
		t.Errorf("Register(-1): %v, want EBADF", err)
	}
	if n := p.Len(); n != 1 {
		t.Errorf("Len is %d after errors, want 1", n)
	}
	if err := p.Unregister(d); err != nil {
		t.Error(err)
	}
	closed, _ := pipe(t)
	d = registerFd(t, p, closed, "closed too early")
	shut(t, closed)
	if err := p.Unregister(d); err == nil {
		t.Error("Unregister of a descriptor that was closed: no error")
	}
	if n := p.Len(); n != 0 {
		t.Errorf("Len is %d, want 0", n)
	}
}

// The coroutines of a loop take turns without the race detector's knowing.
// Their use of the Poller must not be reported.
func TestTurnsAreNotReported(t *testing.T) {
	p := newPoller(t)
	var d *poll.Desc
	for i := range 100 {
		r, w := pipe(t)
		race.Isolate(func() { store(&d, registerFd(t, p, r, i)) })
		write(t, w, "x")
		p.Wait(-1)
		race.Isolate(func() { p.Poll(func(any, bool, bool) {}) })
		race.Isolate(func() { load(&d).Post(true, true) })
		p.Wait(veryShort)
		p.Poll(func(any, bool, bool) {})
		if i%2 == 0 {
			race.Isolate(func() {
				if err := p.Unregister(load(&d)); err != nil {
					t.Error(err)
				}
			})
		}
		p.Wait(1)
	}
}

// store and load share a variable behind the race detector's back.
//
//go:norace
func store(p **poll.Desc, d *poll.Desc) { *p = d }

//go:norace
func load(p **poll.Desc) *poll.Desc { return *p }
