package stream

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/kernel"
)

// Attributes of streams and listeners that have addresses. What wraps a stream
// passes them on; NetConn and NetListener answer with them.
var (
	// AttrLocalAddr is the address of this side.
	AttrLocalAddr = attr.New[net.Addr]("stream.local_addr")
	// AttrRemoteAddr is the address of the other side.
	AttrRemoteAddr = attr.New[net.Addr]("stream.remote_addr")
)

// NetConn makes a net.Conn of a byte stream, for net/http, database drivers and
// whatever else is written for package net. The stream belongs to it from then on.
//
// Everything that net.Conn promises holds: any number of goroutines may use it,
// and a deadline interrupts calls that go on; they return an error that matches
// os.ErrDeadlineExceeded, and after moving the deadline the connection works again.
// Deadlines are times of the run's clock: of the real one on the parallel backend
// and the event loop, in the simulator of the simulated one (see anyio.Now), so
// that code which computes them with time.Now has none there.
// Errors are wrapped in a *net.OpError, io.EOF is not. The connection also
// has the method CloseWrite, which sends the end of the stream.
//
// The calls may come from tasks of any backend and from goroutines that do not run
// tasks, such as those that an http.Server starts: only the caller waits, never the
// loop. They are blocking calls in ctx and fail when its scope is canceled or left, so
// give it the scope in which the connection is to live.
//
// Cancellation: of ctx or by a deadline, no byte is lost to Read. Write tells how
// much was sent if s is a CountingSender, else 0 although a part may have been sent.
func NetConn(ctx context.Context, s ByteStream) net.Conn {
	c := &netConn{ctx: ctx, s: s}
	_, c.counts = s.(CountingSender)
	c.read.open(ctx)
	c.write.open(ctx)
	return c
}

// A netConn is a stream as net.Conn.
type netConn struct {
	ctx         context.Context
	s           ByteStream
	counts      bool // s is a CountingSender; constant
	closed      atomic.Bool
	read, write netSide
	lateRead    atomic.Pointer[net.OpError] // see late

	look          sync.Once // for the addresses, which every deadline's error tells
	local, remote net.Addr
}

func (c *netConn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	return c.do("read", &c.read, p, nil)
}

func (c *netConn) Write(p []byte) (int, error) { return c.do("write", &c.write, p, nil) }

// CloseWrite sends the end of the stream; reading goes on.
func (c *netConn) CloseWrite() error {
	_, err := c.do("close", &c.write, nil, nil)
	return err
}

// do makes a call in its turn, and again if only a deadline that was moved
// meanwhile has ended it, and the call can be continued. It is about p, or a file.
func (c *netConn) do(op string, side *netSide, p []byte, f *movedFile) (n int, err error) {
	if c.closed.Load() {
		return 0, c.opError(op, kernel.Locate(c.ctx).CanceledOr(anyio.ErrClosed))
	}
	for {
		scope := side.begin()
		if scope == nil {
			return n, c.late(op)
		}
		again := true
		if err = side.turn.Acquire(scope); err == nil {
			k := 0
			switch op {
			case "read":
				k, err = readFrom(scope, c.s, p)
			case "readfrom":
				err = f.moveTo(scope, c.s)
			case "write":
				k, err = writeTo(scope, c.s, p[n:])
				again = c.counts
			default:
				err = c.s.SendEOF(scope)
			}
			n += k
			side.turn.Release()
		}
		side.end()
		ended, closed := error(nil), false
		if errors.Is(err, anyio.ErrCanceled) {
			ended, closed = side.outcome()
		}
		switch {
		case err == nil || err == io.EOF:
			return n, err
		case !errors.Is(err, anyio.ErrCanceled):
		case closed:
			err = ended
		case !scope.CancelCalled(): // but what is around it
		case again && !side.expired():
			continue
		default:
			return n, c.late(op)
		}
		return n, c.opError(op, err)
	}
}

func (c *netConn) opError(op string, err error) *net.OpError {
	local := c.LocalAddr()
	return &net.OpError{Op: op, Net: local.Network(), Source: local, Addr: c.remote, Err: err}
}

// late is the error of a call that its deadline has ended. All reads have the same one, as
// net/http ends one with each request.
func (c *netConn) late(op string) error {
	if op != "read" {
		return c.opError(op, os.ErrDeadlineExceeded)
	}
	err := c.lateRead.Load()
	if err == nil {
		err = c.opError(op, os.ErrDeadlineExceeded)
		c.lateRead.Store(err)
	}
	return err
}

// Close closes the stream and wakes all who wait on it.
func (c *netConn) Close() error {
	if c.closed.Swap(true) {
		return nil
	}
	c.read.closing()
	c.write.closing()
	err := c.s.Close(c.ctx)
	c.read.close()
	c.write.close()
	if err != nil && !errors.Is(err, anyio.ErrCanceled) {
		return c.opError("close", err)
	}
	return nil // it has been released
}

func (c *netConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}

func (c *netConn) SetReadDeadline(t time.Time) error  { return c.setDeadline(&c.read, t) }
func (c *netConn) SetWriteDeadline(t time.Time) error { return c.setDeadline(&c.write, t) }

func (c *netConn) setDeadline(side *netSide, t time.Time) error {
	if c.closed.Load() || !side.setDeadline(t) {
		return c.opError("set", anyio.ErrClosed)
	}
	return nil
}

func (c *netConn) LocalAddr() net.Addr {
	c.look.Do(c.lookForAddresses)
	return c.local
}

func (c *netConn) RemoteAddr() net.Addr {
	c.look.Do(c.lookForAddresses)
	return c.remote
}

func (c *netConn) lookForAddresses() {
	c.local, c.remote = addrOf(c.s, AttrLocalAddr), addrOf(c.s, AttrRemoteAddr)
}

// Attributes are those of the stream.
func (c *netConn) Attributes() attr.Set { return attr.Of(c.s) }

// addrOf is an address of a resource, noAddr if it has none.
func addrOf(resource any, which *attr.Key[net.Addr]) net.Addr {
	if a, err := attr.GetOr(resource, which, net.Addr(noAddr{})); err == nil && a != nil {
		return a
	}
	return noAddr{}
}

// noAddr stands for the address of what has none, such as a Pipe.
type noAddr struct{}

func (noAddr) Network() string { return "memory" }
func (noAddr) String() string  { return "memory" }
