package netaddr

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
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

// TestErrnoOfPackageNet finds numbers where package net puts them, and no others.
func TestErrnoOfPackageNet(t *testing.T) {
	call := os.NewSyscallError("read", syscall.EPIPE)
	for _, err := range []error{syscall.EPIPE, call, &net.OpError{Op: "read", Err: call}, &net.OpError{Op: "read", Err: syscall.EPIPE}} {
		if errno, ok := Errno(err); !ok || errno != syscall.EPIPE {
			t.Errorf("%v: %v, %v", err, errno, ok)
		}
	}
	for _, err := range []error{nil, net.ErrClosed, (*net.OpError)(nil), (*os.SyscallError)(nil),
		&net.OpError{Op: "read", Err: net.ErrClosed}, fmt.Errorf("wrapped: %w", syscall.EPIPE)} {
		if errno, ok := Errno(err); ok {
			t.Errorf("%#v: %v", err, errno)
		}
	}
}

func TestIsReset(t *testing.T) {
	reset := OpError("read", "read", "tcp", kernel.Addr{}, kernel.Addr{}, syscall.ECONNRESET)
	if !IsReset(reset) || !IsReset(fmt.Errorf("wrapped: %w", reset)) {
		t.Error("a reset is none")
	}
	if IsReset(nil) || IsReset(OpError("read", "read", "tcp", kernel.Addr{}, kernel.Addr{}, syscall.EPIPE)) {
		t.Error("what is no reset is one")
	}
}
