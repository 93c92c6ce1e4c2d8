package netaddr

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// OpError is the error of an operation as package net makes it. A syscall.Errno gets the
// name of the system call round it, unless that is "". What listens has no source.
func OpError(op, call, network string, local, remote kernel.Addr, err error) error {
	if errno, ok := err.(syscall.Errno); ok && call != "" {
		err = os.NewSyscallError(call, errno)
	}
	if remote == (kernel.Addr{}) && (op == "listen" || op == "accept") {
		local, remote = remote, local
	}
	return &net.OpError{Op: op, Net: network, Source: ToNet(network, local), Addr: ToNet(network, remote), Err: err}
}

// A sysError is an error of a system that has numbers of its own for what POSIX
// names. It also matches the error of package syscall that programs ask for.
type sysError struct {
	err   error
	posix syscall.Errno
}

func (e *sysError) Error() string        { return e.err.Error() }
func (e *sysError) Unwrap() error        { return e.err }
func (e *sysError) Is(target error) bool { return target == e.posix }

// Portable lets the errors of package net match those of package syscall everywhere.
func Portable(err error) error { return translated(err, posixErrors) }

func translated(err error, numbers map[syscall.Errno]syscall.Errno) error {
	if err == nil || len(numbers) == 0 {
		return err
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		if posix, ok := numbers[number]; ok {
			return &sysError{err, posix}
		}
	}
	return err
}

// IsReset reports whether the other side has reset the connection.
func IsReset(err error) bool {
	if errno, ok := Errno(err); ok && len(posixErrors) == 0 {
		return errno == syscall.ECONNRESET
	}
	return errors.Is(Portable(err), syscall.ECONNRESET)
}

// Errno is the number in an error of the form that those of package net have, and OpError
// makes. It looks no farther, unlike package errors, which takes its time and a large stack:
// connections end by such errors.
func Errno(err error) (errno syscall.Errno, ok bool) {
	if op, is := err.(*net.OpError); is && op != nil {
		err = op.Err
	}
	if call, is := err.(*os.SyscallError); is && call != nil {
		err = call.Err
	}
	errno, ok = err.(syscall.Errno)
	return errno, ok
}
