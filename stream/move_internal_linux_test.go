package stream

import (
	"context"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/inside"
	"golang.org/x/sys/unix"
)

// A refuser is a socket to which the system does not splice.
type refuser struct {
	ByteSendStream
	sent []byte
}

func (r *refuser) Send(_ context.Context, data []byte) error {
	r.sent = append(r.sent, data...)
	return nil
}

func (*refuser) ReceiveRaw(context.Context, func(uintptr) (int, error)) (int, error) {
	return 0, syscall.EINVAL
}

func (*refuser) SendRaw(context.Context, func(uintptr) (int, error)) (int, error) {
	return 0, syscall.EINVAL
}

// A rawEnd is one that does, and never has to wait.
type rawEnd int

func (e rawEnd) ReceiveRaw(_ context.Context, f func(uintptr) (int, error)) (int, error) {
	return f(uintptr(e))
}

func (e rawEnd) SendRaw(_ context.Context, f func(uintptr) (int, error)) (int, error) {
	return f(uintptr(e))
}

func pair(t *testing.T) (a, b int) {
	t.Helper()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fds[0]); unix.Close(fds[1]) })
	return fds[0], fds[1]
}

// What the system has taken and does not give on is sent otherwise, and the rest copied.
func TestSpliceThatIsRefusedLosesNothing(t *testing.T) {
	a, b := pair(t)
	if _, err := unix.Write(a, []byte("text")); err != nil {
		t.Fatal(err)
	}
	dst := &refuser{}
	n, over, err := splice(t.Context(), dst, dst, rawEnd(b))
	if n != 4 || over || err != nil || string(dst.sent) != "text" {
		t.Errorf("refused to send: %d, %v, %v, and %q came", n, over, err, dst.sent)
	}
	var from inside.RawStream = dst
	if n, over, err := splice(t.Context(), dst, rawEnd(b), from); n != 0 || over {
		t.Errorf("refused to receive: %d, %v, %v", n, over, err)
	}
}

func TestSpliceGoesThroughNoBuffer(t *testing.T) {
	a, b := pair(t)
	c, d := pair(t)
	if _, err := unix.Write(a, []byte("text")); err != nil {
		t.Fatal(err)
	}
	n, over, err := splice(t.Context(), nil, rawEnd(c), rawEnd(b)) // and the second time nothing is there
	if n != 4 || !over || err != syscall.EAGAIN {
		t.Errorf("moved %d, %v, %v", n, over, err)
	}
	buf := make([]byte, 10)
	if n, err := unix.Read(d, buf); string(buf[:max(n, 0)]) != "text" || err != nil {
		t.Errorf("%q came, %v", buf[:max(n, 0)], err)
	}
}
