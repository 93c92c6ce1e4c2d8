//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"io"
	"net"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"golang.org/x/sys/unix"
)

// failed is the error of a system call, unless its place was canceled before the call heard
// of it. Op is the operation as package net names it.
//
//go:noinline
func (f *descriptor) failed(p kernel.Place, op, call string, errno syscall.Errno) error {
	if canceled := p.CanceledOr(nil); canceled != nil {
		if errno == unix.ECONNRESET {
			f.reset.Store(true)
		}
		return canceled
	}
	return f.callError(op, call, errno)
}

// callError is the error of a system call of who does not wait.
func (f *descriptor) callError(op, call string, errno syscall.Errno) error {
	return netaddr.OpError(op, call, f.kind.name, f.local(), f.remote(), errno)
}

// ended is the error of a read that finds the end of the stream: a reset, if only a
// canceled call was told of it, as the system tells once.
//
//go:noinline
func (f *descriptor) ended(p kernel.Place) error {
	if f.reset.Load() {
		return f.failed(p, "read", "read", unix.ECONNRESET)
	}
	return p.CanceledOr(io.EOF)
}

//go:noinline
func (f *descriptor) opError(op string, err error) error {
	return netaddr.OpError(op, "", f.kind.name, f.local(), f.remote(), err)
}

// isClosed is the error of a call that finds the socket closed, without having waited
// or after a wait that was over before.
//
//go:noinline
func (f *descriptor) isClosed(p kernel.Place, op string) error {
	return p.CanceledOr(f.opError(op, net.ErrClosed))
}

// waitError is the error of descriptor.wait as callers get it.
//
//go:noinline
func (f *descriptor) waitError(op string, err error) error {
	switch {
	case err == errClosed:
		return f.opError(op, net.ErrClosed)
	case f.isRefusal(err):
		return f.opError(op, err)
	}
	return err // a cancellation
}

func (f *descriptor) isRefusal(err error) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.refused != nil && err == f.refused
}

// asOpError wraps the error of making or sending, unless it is a cancellation.
func asOpError(op string, k *kind, local, remote kernel.Addr, err error) error {
	switch err.(type) {
	case syscall.Errno, *os.SyscallError:
	default:
		switch err {
		case errClosed, net.ErrClosed, os.ErrClosed:
			err = net.ErrClosed
		default:
			return err
		}
	}
	return netaddr.OpError(op, "", k.name, local, remote, err)
}

// code is the errno of a call of package unix, 0 for none.
func code(err error) syscall.Errno {
	if err == nil {
		return 0
	}
	if errno, ok := err.(syscall.Errno); ok {
		return errno
	}
	return unix.EINVAL // a path that is too long has no errno
}

// again reports whether a call would have blocked.
func again(errno syscall.Errno) bool { return errno == unix.EAGAIN || errno == unix.EWOULDBLOCK }
