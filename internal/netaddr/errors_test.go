package netaddr

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"
)

// TestErrorsOfOtherSystemsMatchPOSIX does with a number of Linux what is done with
// those of Windows there.
func TestErrorsOfOtherSystemsMatchPOSIX(t *testing.T) {
	numbers := map[syscall.Errno]syscall.Errno{10061: syscall.ECONNREFUSED}
	op := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connectex", syscall.Errno(10061))}
	err := translated(op, numbers)
	if !errors.Is(err, syscall.ECONNREFUSED) || !errors.Is(err, syscall.Errno(10061)) || errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%v matches ECONNREFUSED %t, the system's number %t, ECONNRESET %t, want true, true, false",
			err, errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, syscall.Errno(10061)), errors.Is(err, syscall.ECONNRESET))
	}
	if got, ok := errors.AsType[*net.OpError](err); !ok || got != op || err.Error() != op.Error() {
		t.Errorf("got %v, want the *net.OpError and its text", err)
	}
	for _, same := range []error{nil, net.ErrClosed, syscall.EPIPE} {
		if got := translated(same, numbers); got != same {
			t.Errorf("%v became %v", same, got)
		}
	}
}
