package poll_test

import (
	"os"
	"testing"

	"github.com/anyio-go/anyio/internal/poll"
	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

func openDescriptors(t testing.TB) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("no /proc:", err)
	}
	return len(entries)
}

func TestNoDescriptorIsLeft(t *testing.T) {
	// The first use of Go's own poller opens its descriptors.
	register(t, newPoller(t), nil)

	r, _ := pipe(t)
	before := openDescriptors(t)
	for range 50 {
		p, err := poll.New()
		if err != nil {
			t.Fatal(err)
		}
		if n := openDescriptors(t); n != before && !race.Enabled {
			t.Fatalf("a Poller without descriptors holds %d of its own", n-before)
		}
		registerFd(t, p, r, nil)
		if n := openDescriptors(t); n != before+1 {
			t.Fatalf("a Poller holds %d descriptors, want 1", n-before)
		}
		p.Wait(1)
		if err := p.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if n := openDescriptors(t); n != before {
		t.Errorf("%d descriptors more than before", n-before)
	}
}

// A regular file is refused, and leaves nothing behind.
func TestRegularFile(t *testing.T) {
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p := newPoller(t)
	if _, err := p.Register(int(f.Fd()), nil); err == nil {
		t.Error("Register of a regular file: no error")
	} else if want := os.NewSyscallError("epoll_ctl", unix.EPERM); err.Error() != want.Error() {
		t.Errorf("Register of a regular file: %v, want %v", err, want)
	}
	if n := p.Len(); n != 0 {
		t.Errorf("Len is %d, want 0", n)
	}
}
