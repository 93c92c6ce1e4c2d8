//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package poll_test

import (
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/sys/unix"
)

func TestEachChangeIsReportedOnce(t *testing.T) {
	p := newPoller(t)
	r, w := pipe(t)
	registerFd(t, p, r, "r")
	reports(t, p)

	write(t, w, "x")
	wantReports(t, p, "r", "r")
	wantReports(t, p) // though it was not read
	write(t, w, "x")
	wantReports(t, p, "r", "r")
	if n := drain(t, r); n != 2 {
		t.Errorf("read %d bytes, want 2", n)
	}
	wantReports(t, p)
}

func TestReadyBeforeRegister(t *testing.T) {
	p := newPoller(t)
	r, w := pipe(t)
	write(t, w, "x")
	registerFd(t, p, r, "r")
	registerFd(t, p, w, "w")
	p.Wait(-1)
	got := reports(t, p)
	if got["r"] != "r" || got["w"] != "w" {
		t.Errorf("Poll reported %v, want r readable and w writable", got)
	}
}

func TestBothDirections(t *testing.T) {
	p := newPoller(t)
	a, b := socketpair(t)
	registerFd(t, p, a, "a")
	wantReports(t, p, "a", "w")

	fill(t, a)
	reports(t, p)
	write(t, b, "x")
	if got := reports(t, p)["a"]; got != "r" {
		t.Errorf("with a full buffer, the arrival of data was reported as %q, want r", got)
	}
	drain(t, b)
	if got := reports(t, p)["a"]; !strings.Contains(got, "w") {
		t.Errorf("that the peer read everything was reported as %q, want w", got)
	}
}

func TestHangUp(t *testing.T) {
	p := newPoller(t)
	a, b := socketpair(t)
	r, w := pipe(t)
	r2, w2 := pipe(t)
	registerFd(t, p, a, "socket")
	registerFd(t, p, r, "reader")
	registerFd(t, p, w2, "writer")
	reports(t, p)
	for _, fd := range []int{b, w, r2} {
		shut(t, fd)
	}
	p.Wait(-1)
	got := reports(t, p)
	if got["socket"] != "rw" {
		t.Errorf("socket whose peer closed reported as %q, want rw", got["socket"])
	}
	if !strings.Contains(got["reader"], "r") {
		t.Errorf("pipe without a writer reported as %q, want r", got["reader"])
	}
	if !strings.Contains(got["writer"], "w") {
		t.Errorf("pipe without a reader reported as %q, want w", got["writer"])
	}
}

func TestHalfClose(t *testing.T) {
	p := newPoller(t)
	a, b := socketpair(t)
	registerFd(t, p, a, "a")
	reports(t, p)
	if err := unix.Shutdown(b, unix.SHUT_WR); err != nil {
		t.Fatal(err)
	}
	p.Wait(-1)
	if got := reports(t, p)["a"]; !strings.Contains(got, "r") {
		t.Errorf("the peer's end of file was reported as %q, want r", got)
	}
}

func TestMoreThanOneBatch(t *testing.T) {
	p := newPoller(t)
	const n = 300
	var writers []int
	for i := range n {
		r, w := pipe(t)
		registerFd(t, p, r, i)
		writers = append(writers, w)
	}
	for range 2 {
		reports(t, p)
		for _, w := range writers {
			write(t, w, "x")
		}
		p.Wait(-1)
		if got := reports(t, p); len(got) != n {
			t.Errorf("%d descriptors reported, want %d", len(got), n)
		}
	}
	wantReports(t, p)
}

func TestWaitReturnsForDescriptor(t *testing.T) {
	p := newPoller(t)
	r, w := pipe(t)
	registerFd(t, p, r, "r")
	reports(t, p)
	for range 100 {
		go func() {
			untilParked(p)
			write(t, w, "x")
		}()
		var got map[any]string
		for len(got) == 0 {
			p.Wait(-1)
			got = reports(t, p)
		}
		if drain(t, r); got["r"] != "r" {
			t.Fatalf("Poll reported %v", got)
		}
	}
}

// What Wait has fetched keeps the next Wait from parking.
func TestWaitTwice(t *testing.T) {
	p := newPoller(t)
	r, w := pipe(t)
	registerFd(t, p, r, "r")
	write(t, w, "x")
	p.Wait(-1)
	p.Wait(-1)
	if got := reports(t, p)["r"]; got != "r" {
		t.Errorf("reported as %q, want r", got)
	}
}

// Events, wakes and timeouts come together; none may hide another.
func TestNothingIsLostAmongAll(t *testing.T) {
	p := newPoller(t)
	const n = 5000
	r, w := pipe(t)
	registerFd(t, p, r, "r")
	var asked atomic.Int64
	answered := make(chan struct{}, 1)
	received := make(chan struct{}, 1)
	var wg sync.WaitGroup
	wg.Go(func() {
		for range n {
			asked.Add(1)
			p.Wake()
			<-answered
		}
	})
	wg.Go(func() {
		for range n {
			write(t, w, "x")
			<-received
		}
	})
	var wakes, bytes int64
	for wakes < n || bytes < n {
		p.Wait(veryShort * 3600_000)
		p.Poll(func(any, bool, bool) {
			for range drain(t, r) {
				bytes++
				received <- struct{}{}
			}
		})
		if asked.Load() > wakes {
			wakes++
			answered <- struct{}{}
		}
	}
	wg.Wait()
}

func TestKeepReadingAfterAnEnd(t *testing.T) {
	p := newPoller(t)
	a, b := socketpair(t)
	d := registerFd(t, p, a, "a")
	write(t, b, "x")
	reports(t, p)
	if d.KeepReading() && runtime.GOOS == "linux" {
		t.Error("data alone is taken for an end")
	}
	shut(t, b)
	reports(t, p)
	if !d.KeepReading() {
		t.Error("the end was not noticed")
	}
}
