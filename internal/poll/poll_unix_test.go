//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package poll_test

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

func init() {
	poll.Modes["descriptors"] = func(t testing.TB) *poll.Poller {
		p := poll.Modes["channel"](t)
		register(t, p, "quiet")
		reports(t, p)
		return p
	}
}

// prepare makes a descriptor non-blocking and has it closed when the test ends.
func prepare(t testing.TB, fd int) {
	t.Helper()
	unix.CloseOnExec(fd)
	if err := unix.SetNonblock(fd, true); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) }) // fails if the test did it
}

// pipe makes a pipe. An end is closed with shut.
func pipe(t testing.TB) (r, w int) {
	t.Helper()
	fds := make([]int, 2)
	if err := unix.Pipe(fds); err != nil {
		t.Fatal(err)
	}
	prepare(t, fds[0])
	prepare(t, fds[1])
	return fds[0], fds[1]
}

// socketpair makes two connected stream sockets.
func socketpair(t testing.TB) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	prepare(t, fds[0])
	prepare(t, fds[1])
	return fds[0], fds[1]
}

// shut ends the traffic of a descriptor as close does, but keeps the number in
// use, so that the test's cleanup closes nobody else's.
func shut(t testing.TB, fd int) {
	t.Helper()
	null, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(null)
	if err := unix.Dup2(null, fd); err != nil {
		t.Fatal(err)
	}
	unix.CloseOnExec(fd)
}

func registerFd(t testing.TB, p *poll.Poller, fd int, data any) *poll.Desc {
	t.Helper()
	d, err := p.Register(fd, data)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// register adds a descriptor that has nothing to report.
func register(t testing.TB, p *poll.Poller, data any) *poll.Desc {
	t.Helper()
	r, _ := pipe(t)
	return registerFd(t, p, r, data)
}

func write(t testing.TB, fd int, s string) {
	t.Helper()
	if n, err := unix.Write(fd, []byte(s)); n != len(s) || err != nil {
		t.Fatalf("write: %d, %v", n, err)
	}
}

// drain reads until nothing is left and returns the number of bytes.
func drain(t testing.TB, fd int) int {
	t.Helper()
	buf := make([]byte, 64<<10)
	sum := 0
	for {
		n, err := unix.Read(fd, buf)
		if err == unix.EAGAIN || n == 0 && err == nil {
			return sum
		}
		if err != nil {
			t.Fatal("read:", err)
		}
		sum += n
	}
}

// fill writes until nothing more is taken.
func fill(t testing.TB, fd int) {
	t.Helper()
	buf := make([]byte, 64<<10)
	for {
		if _, err := unix.Write(fd, buf); err == unix.EAGAIN {
			return
		} else if err != nil {
			t.Fatal("write:", err)
		}
	}
}

func newPoller(t testing.TB) *poll.Poller { return poll.Modes["channel"](t) }

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
	for i := range 100 {
		r, w := pipe(t)
		var d *poll.Desc
		take := func(f func()) { race.Isolate(f) }
		got := &d // the test's own hand-over, by one variable each way
		take(func() { store(got, registerFd(t, p, r, i)) })
		write(t, w, "x")
		p.Wait(-1)
		take(func() { p.Poll(func(any, bool, bool) {}) })
		take(func() { load(got).Post(true, true) })
		p.Wait(veryShort)
		p.Poll(func(any, bool, bool) {})
		if i%2 == 0 {
			take(func() {
				if err := p.Unregister(load(got)); err != nil {
					t.Error(err)
				}
			})
		}
		p.Wait(1)
	}
}

//go:norace
func store(p **poll.Desc, d *poll.Desc) { *p = d }

//go:norace
func load(p **poll.Desc) *poll.Desc { return *p }
