//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"net"
	"runtime"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

// A handle is what users of a socket hold. The poller and the network hold only
// the descriptor, so that a socket that everybody has forgotten can be closed.
type handle struct{ f *descriptor } // the first field of what is made of it, see guard

// A conn is a connected stream socket.
type conn struct{ handle }

func newConn(f *descriptor) *conn {
	c := &conn{handle{f}}
	c.guard()
	return c
}

func (h *handle) LocalAddr() kernel.Addr  { return h.f.local() }
func (h *handle) RemoteAddr() kernel.Addr { return h.f.remote() }

func (h *handle) SyscallConn() (syscall.RawConn, error) {
	return rawConn{h}, nil
}

func (h *handle) Close() error {
	runtime.SetFinalizer(h, nil)
	h.f.close()
	return nil
}

// Read does by itself what wait does: every frame below a wait counts for each of
// ten thousand idle connections, and all of them have to fit into a first stack.
func (c *conn) Read(ctx context.Context, p []byte) (int, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if len(p) == 0 {
		return 0, c.f.nothing(place, "read")
	}
	for {
		n, errno := c.f.tryReceive(p)
		if n > 0 {
			return n, nil
		}
		runtime.KeepAlive(c)
		if errno != unix.EAGAIN {
			return 0, c.f.noData(place, errno)
		}
		b, err := c.f.enqueue(place, &c.f.read, c.f.read.dry, c.f.kind.ops.Read)
		if b != nil {
			err = c.f.dequeue(&c.f.read, b, b.Wait(place))
		}
		if err != nil {
			return 0, c.f.waitError("read", err)
		}
	}
}

// ReadLent implements kernel.LentStream. It is as small as Read is, and for the same
// reason.
func (c *conn) ReadLent(ctx context.Context, l kernel.Lender, max int) (int, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	for {
		n, errno := c.f.tryReceive(l.Take(max))
		if n > 0 {
			return n, nil
		}
		l.Release()
		runtime.KeepAlive(c)
		if errno != unix.EAGAIN {
			return 0, c.f.noData(place, errno)
		}
		b, err := c.f.enqueue(place, &c.f.read, c.f.read.dry, c.f.kind.ops.Read)
		if b != nil {
			err = c.f.dequeue(&c.f.read, b, b.Wait(place))
		}
		if err != nil {
			return 0, c.f.waitError("read", err)
		}
	}
}

// Write tries by itself, too, once: mostly that does it.
func (c *conn) Write(ctx context.Context, p []byte) (int, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	n, errno := 0, errnoNone
	if len(p) > 0 {
		n, errno = c.f.trySend(p)
	}
	if n == 0 || n < len(p) {
		n, err = c.f.sendRest(place, p, n, errno)
	}
	runtime.KeepAlive(c)
	return n, err
}

// nothing is the error of a call that moves no bytes.
func (f *descriptor) nothing(place kernel.Place, op string) error {
	if f.closed() {
		return f.isClosed(place, op)
	}
	return nil
}

const (
	errnoNone   syscall.Errno = 0
	errnoClosed syscall.Errno = 1 << 16 // which is none of the system's: the socket was closed
)

// tryReceive reads what is there. It is apart from Read so that a task which waits has a
// small stack.
//
//go:noinline
func (f *descriptor) tryReceive(p []byte) (int, syscall.Errno) {
	seen := f.read.edges.Load()
	if f.read.dry == seen {
		return 0, unix.EAGAIN
	}
	if !f.use() {
		return 0, errnoClosed
	}
	n, errno := recv(f.fd, p)
	for errno == unix.EINTR {
		n, errno = recv(f.fd, p)
	}
	f.release() // without defer, as nothing here panics
	switch {
	case errno == 0:
		// TCP gives all it has, up to an end. A UNIX socket stops at descriptors.
		if n > 0 && n < len(p) && f.kind == kindTCP && trustShortReads && !f.odd.Load() {
			f.read.dry = seen
		}
		return n, 0
	case again(errno):
		f.read.dry = seen
		errno = unix.EAGAIN
	}
	return 0, errno
}

// noData is the error of an attempt to read that is over without data.
//
//go:noinline
func (f *descriptor) noData(place kernel.Place, errno syscall.Errno) error {
	switch errno {
	case errnoNone:
		return f.ended(place)
	case errnoClosed:
		return f.isClosed(place, "read")
	}
	return f.failed(place, "read", "read", errno)
}

// sendRest writes what is left of p after an attempt that has written sum bytes.
//
//go:noinline
func (f *descriptor) sendRest(place kernel.Place, p []byte, sum int, errno syscall.Errno) (int, error) {
	if len(p) == 0 {
		return 0, f.nothing(place, "write")
	}
	for {
		switch {
		case errno == errnoClosed:
			return sum, f.isClosed(place, "write")
		case errno == unix.EAGAIN:
			if err := f.wait(place, &f.write, f.write.dry, f.kind.ops.Write); err != nil {
				return sum, f.waitError("write", err)
			}
		case errno != 0:
			return sum, f.failed(place, "write", "write", errno)
		case sum == len(p):
			return sum, nil
		default: // the socket had its fill; so have we
			place.Run().Yield(true)
			if err := place.Check(); err != nil {
				return sum, err
			}
		}
		var n int
		n, errno = f.trySend(p[sum:])
		sum += n
	}
}

// trySend writes what the socket takes; apart as tryReceive is.
//
//go:noinline
func (f *descriptor) trySend(p []byte) (int, syscall.Errno) {
	seen := f.write.edges.Load()
	if f.write.dry == seen {
		return 0, unix.EAGAIN
	}
	if !f.use() {
		return 0, errnoClosed
	}
	n, errno := send(f.fd, p)
	for errno == unix.EINTR {
		n, errno = send(f.fd, p)
	}
	f.release()
	switch {
	case errno == 0:
		return n, 0
	case again(errno):
		f.write.dry = seen
		errno = unix.EAGAIN
	}
	return 0, errno
}

// CloseWrite sends the end of the stream.
func (c *conn) CloseWrite() error {
	if !c.f.use() {
		return c.f.opError("close", net.ErrClosed)
	}
	err := unix.Shutdown(c.f.fd, unix.SHUT_WR)
	c.f.release()
	if err != nil {
		return c.f.callError("close", "shutdown", code(err))
	}
	return nil
}

// Abort closes with a reset.
func (c *conn) Abort() error {
	if c.f.kind == kindTCP && c.f.use() {
		_ = unix.SetsockoptLinger(c.f.fd, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1})
		c.f.release()
	}
	return c.Close()
}
