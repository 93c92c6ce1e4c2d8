//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package poll_test

import (
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
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
	t.Cleanup(func() { unix.Close(fd) })
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
