package stream

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"golang.org/x/sys/unix"
)

// A sink takes what it is sent; it calls before first, and takes nothing if that says so.
type sink struct {
	rawEnd
	before func() (nothing bool)
}

func (s sink) SendRaw(ctx context.Context, f func(uintptr) (int, error)) (int, error) {
	if s.before() {
		return 0, nil
	}
	return s.rawEnd.SendRaw(ctx, f)
}

func newSink(t *testing.T, before func() (nothing bool)) sink {
	t.Helper()
	fd, err := unix.Open(os.DevNull, unix.O_WRONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	return sink{rawEnd(fd), before}
}

// sendsFile sends a file of some pieces to a sink, in a scope.
func sendsFile(t *testing.T, before func(scope *anyio.CancelScope, f *os.File) (nothing bool)) (n int64, over bool, err error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := errors.Join(os.WriteFile(name, nil, 0o600), os.Truncate(name, 3*fileChunk)); err != nil {
		t.Fatal(err)
	}
	failed := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			f, openErr := os.OpenFile(name, os.O_RDWR, 0)
			if openErr != nil {
				return openErr
			}
			s := NewFileReadStream(f)
			defer s.Close(ctx)
			n, over, err = sendFile(ctx, newSink(t, func() bool { return before(scope, f) }), s)
			return nil
		})
	})
	if failed != nil {
		t.Fatal(failed)
	}
	return n, over, err
}

// What comes of a cancellation between two pieces is the cancellation, not a broken file.
func TestSendFileIsCanceledWhileItReadsAhead(t *testing.T) {
	var broken *anyio.BrokenError
	n, over, err := sendsFile(t, func(scope *anyio.CancelScope, _ *os.File) bool {
		scope.Cancel("test")
		return false
	})
	if n != fileChunk || !over || !errors.Is(err, anyio.ErrCanceled) || errors.As(err, &broken) {
		t.Errorf("sent %d, %v, %v", n, over, err)
	}
}

// A file that was cut off, or has less than it says, as those of sysfs, is sent up to its
// end, which is for Receive to find.
func TestSendFileThatHasLessThanItSays(t *testing.T) {
	n, over, err := sendsFile(t, func(_ *anyio.CancelScope, f *os.File) bool {
		if err := f.Truncate(100); err != nil {
			t.Error(err)
		}
		return false
	})
	if n != 100 || over || err != nil {
		t.Errorf("cut off: sent %d, %v, %v", n, over, err)
	}
	calls := 0
	n, over, err = sendsFile(t, func(*anyio.CancelScope, *os.File) bool {
		if calls++; calls > 1 {
			t.Fatal("it is asked again for what is not there")
		}
		return true
	})
	if n != 0 || over || err != nil {
		t.Errorf("nothing there: sent %d, %v, %v", n, over, err)
	}
}

// A file that is closed is no fault of the socket.
func TestSendFileOfOneThatIsClosedMeanwhile(t *testing.T) {
	n, over, err := sendsFile(t, func(_ *anyio.CancelScope, f *os.File) bool {
		_ = f.Close()
		return false
	})
	if n != 0 || !over || err != anyio.ErrClosed {
		t.Errorf("sent %d, %v, %v", n, over, err)
	}
}

// What is wrong with the file, and what the system cannot do, is left to who reads the rest.
func TestMovedFileLeavesTheRest(t *testing.T) {
	raw := inside.Raw
	defer func() { inside.Raw = raw }()
	errSocket := errors.New("the socket is broken")
	for what, c := range map[string]struct{ failed, want error }{
		"closed": {nil, nil}, "refused": {unix.EINVAL, nil}, "broken": {errSocket, errSocket},
	} {
		name := filepath.Join(t.TempDir(), "file")
		f, err := os.Create(name)
		if err := errors.Join(err, f.Truncate(10)); err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		inside.Raw = func(any) inside.RawStream {
			if c.failed != nil {
				return brokenSink{c.failed}
			}
			return newSink(t, func() bool { return f.Close() != nil })
		}
		m := movedFile{f, 100}
		err = anyio.Run(t.Context(), func(ctx context.Context) error { return m.moveTo(ctx, nil) })
		if !errors.Is(err, c.want) || c.want == nil && err != nil || m.left != 100 {
			t.Errorf("%s: %v, %d bytes left", what, err, m.left)
		}
	}
}

// A brokenSink fails.
type brokenSink struct{ err error }

func (s brokenSink) ReceiveRaw(context.Context, func(uintptr) (int, error)) (int, error) {
	return 0, s.err
}
func (s brokenSink) SendRaw(context.Context, func(uintptr) (int, error)) (int, error) {
	return 0, s.err
}

// A system call that fails has sent nothing, though it returns -1.
func TestSpliceThatBreaksCountsWhatWasSent(t *testing.T) {
	a, b := pair(t)
	c, d := pair(t)
	if _, err := unix.Write(a, []byte("text")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Shutdown(d, unix.SHUT_RD); err != nil {
		t.Fatal(err)
	}
	n, over, err := splice(t.Context(), nil, rawEnd(c), rawEnd(b))
	if n != 0 || !over || !errors.Is(err, unix.EPIPE) {
		t.Errorf("moved %d, %v, %v", n, over, err)
	}
}
