package nettry

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// A file is an end of a pipe or a terminal. It is read one buffer ahead, and written by a
// goroutine.
type file struct {
	told
	writes
	f *os.File

	// Guarded by mu.
	busyRead bool   // a goroutine reads into buf
	buf      []byte // nil before the first attempt
	rest     []byte // of buf, what was read
	failed   error  // why no more was
}

var _ kernel.TryFile = (*file)(nil)

func newFile(n *Network, f *os.File) *file {
	x := &file{f: f}
	x.net, x.self = n, x
	return x
}

// TryRead takes what was read.
func (x *file) TryRead(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.closed:
		return 0, fileError("read", net.ErrClosed)
	case len(x.rest) > 0 || len(p) == 0:
		n := copy(p, x.rest)
		x.rest = x.rest[n:]
		return n, nil
	case x.failed != nil:
		err := x.failed
		if x.failed = nil; err == io.EOF { // for good
			x.failed = io.EOF
		}
		return 0, err
	}
	x.reading = x.by != nil && !x.paused
	if !x.busyRead {
		x.busyRead = true
		if x.buf == nil {
			x.buf = make([]byte, pieceSize)
		}
		go x.read(x.buf)
	}
	return 0, kernel.ErrWouldBlock
}

func (x *file) read(buf []byte) {
	n, err := x.f.Read(buf)
	x.mu.Lock()
	x.busyRead, x.rest = false, buf[:n]
	if err != nil {
		x.failed = fileError("read", err)
	}
	due := x.due(true, false)
	x.mu.Unlock()
	due.tell()
}

// TryWrite lets a piece be written, of which the next attempt is told.
func (x *file) TryWrite(p []byte) (int, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	switch {
	case x.closed:
		return 0, fileError("write", net.ErrClosed)
	case x.busy:
		return 0, x.full()
	}
	n, err := x.take(p)
	if err != nil || n == len(p) {
		return n, err
	}
	piece := bytes.Clone(p[n:min(len(p), n+pieceSize)])
	x.start(&x.writes, func(context.Context) (int, error) {
		n, err := x.f.Write(piece)
		return n, fileError("write", err)
	})
	return n, x.full()
}

// TryHangup is not possible: only who writes is told that the other end is gone.
func (x *file) TryHangup() error { return fileError("wait", errors.ErrUnsupported) }

// TryReady is not possible: nothing tells without reading or writing.
func (x *file) TryReady(bool) error { return fileError("wait", errors.ErrUnsupported) }

// SyscallConn gives access to the descriptor.
func (x *file) SyscallConn() (syscall.RawConn, error) { return x.f.SyscallConn() }

// Close closes the file. One whose calls cannot be interrupted is closed when they end.
func (x *file) Close() error {
	return x.close(&x.waiting, func() error {
		if interrupt.Usable(x.f) {
			return x.f.Close()
		}
		go x.f.Close()
		return nil
	})
}

// fileError is an error of a file as sockets have it. Of the end it is io.EOF.
func fileError(op string, err error) error {
	switch {
	case err == nil || err == io.EOF:
		return err
	case errors.Is(err, os.ErrClosed):
		err = net.ErrClosed
	default:
		if errno, ok := errors.AsType[syscall.Errno](err); ok {
			err = os.NewSyscallError(op, errno)
		}
	}
	return netaddr.Portable(&net.OpError{Op: op, Net: "fd", Err: err})
}
