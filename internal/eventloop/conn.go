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
type handle struct {
	f       *descriptor
	cleanup runtime.Cleanup
}

// A conn is a connected stream socket.
type conn struct{ handle }

func newConn(f *descriptor) *conn {
	c := &conn{handle{f: f}}
	c.guard()
	return c
}

func (h *handle) LocalAddr() kernel.Addr  { return h.f.local }
func (h *handle) RemoteAddr() kernel.Addr { return h.f.remote }

func (h *handle) SyscallConn() (syscall.RawConn, error) {
	return rawConn{h}, nil
}

func (h *handle) Close() error {
	h.cleanup.Stop()
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
		seen := c.f.read.edges.Load()
		if c.f.read.dry != seen {
			n, err, none := c.f.tryReceive(place, p, seen)
			runtime.KeepAlive(c)
			if !none {
				return n, err
			}
		}
		b, err := c.f.enqueue(place, &c.f.read, seen, c.f.kind.ops.Read)
		if b != nil {
			err = c.f.dequeue(&c.f.read, b, b.Wait(place))
		}
		if err != nil {
			return 0, c.f.waitError("read", err)
		}
	}
}

func (c *conn) Write(ctx context.Context, p []byte) (int, error) {
	n, err := c.f.send(ctx, p)
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

// tryReceive reads what is there; none means that nothing is, and nothing failed.
// It is apart from Read so that a task which waits has a small stack.
//
//go:noinline
func (f *descriptor) tryReceive(place kernel.Place, p []byte, seen uint64) (n int, err error, none bool) {
	if !f.use() {
		return 0, f.isClosed(place, "read"), false
	}
	n, errno := recv(f.fd, p)
	for errno == unix.EINTR {
		n, errno = recv(f.fd, p)
	}
	f.release() // without defer, as nothing here panics
	switch {
	case errno == 0 && n > 0:
		// TCP gives all it has, up to an end. A UNIX socket stops at descriptors.
		if n < len(p) && f.kind == kindTCP && trustShortReads && !f.odd.Load() {
			f.read.dry = seen
		}
		return n, nil, false
	case errno == 0:
		return 0, f.ended(place), false
	case !again(errno):
		return 0, f.failed(place, "read", "read", errno), false
	}
	f.read.dry = seen
	return 0, nil, true
}

func (f *descriptor) send(ctx context.Context, p []byte) (int, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	return f.sendAll(place, p)
}

func (f *descriptor) sendAll(place kernel.Place, p []byte) (int, error) {
	if len(p) == 0 {
		return 0, f.nothing(place, "write")
	}
	sum := 0
	for sum < len(p) {
		seen := f.write.edges.Load()
		if f.write.dry != seen {
			n, errno, closed := f.trySend(p[sum:])
			switch {
			case closed:
				return sum, f.isClosed(place, "write")
			case errno == 0:
				sum += n
				if sum < len(p) {
					// The socket had its fill; so have we.
					place.Run().Yield(true)
					if err := place.Check(); err != nil {
						return sum, err
					}
				}
				continue
			case errno == unix.EINTR:
				continue
			case !again(errno):
				return sum, f.failed(place, "write", "write", errno)
			}
			f.write.dry = seen
		}
		if err := f.wait(place, &f.write, seen, f.kind.ops.Write); err != nil {
			return sum, f.waitError("write", err)
		}
	}
	return sum, nil
}

// trySend writes what the socket takes; apart from sendAll as tryReceive is.
//
//go:noinline
func (f *descriptor) trySend(p []byte) (n int, errno syscall.Errno, closed bool) {
	if !f.use() {
		return 0, 0, true
	}
	n, errno = send(f.fd, p)
	f.release()
	return n, errno, false
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
