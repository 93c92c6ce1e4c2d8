package socket

import (
	"context"
	"net"
	"sync/atomic"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// An endpoint is what all sockets have.
type endpoint struct {
	conn      kernel.Conn
	network   string // "tcp", "udp", "unix", "unixgram"
	connected bool
	outside   net.Conn        // that FromConn was given, which knows addresses of its own; may be nil
	closed    atomic.Bool     // by Close
	watch     *unclosed.Watch // nil outside debug runs
}

// LocalAddr returns the address that the socket is bound to.
func (e *endpoint) LocalAddr() net.Addr {
	if e.outside != nil {
		return e.outside.LocalAddr()
	}
	return netAddr(e.network, e.conn.LocalAddr())
}

// RemoteAddr returns the address of the other side, nil if the socket is not connected.
func (e *endpoint) RemoteAddr() net.Addr {
	switch {
	case e.outside != nil:
		return e.outside.RemoteAddr()
	case !e.connected:
		return nil
	}
	return netAddr(e.network, e.conn.RemoteAddr())
}

// SyscallConn returns access to the descriptor, to set options of the system. Do not
// read, write or close through it. The error matches errors.ErrUnsupported in the
// simulator and is ErrClosed after Close.
func (e *endpoint) SyscallConn() (syscall.RawConn, error) {
	if e.closed.Load() {
		return nil, anyio.ErrClosed
	}
	raw, err := e.conn.SyscallConn()
	if err != nil {
		return nil, e.failed(err)
	}
	return raw, nil
}

// Close closes the socket and releases what it holds before it returns. Those who wait
// in its methods get ErrClosed. Further calls do nothing. What was sent is still
// delivered. Cancellation: ignored; it never waits.
func (e *endpoint) Close(ctx context.Context) error {
	return e.close(e.conn.Close)
}

func (e *endpoint) close(how func() error) error {
	if !e.closed.CompareAndSwap(false, true) {
		return nil
	}
	e.watch.Stop()
	return how()
}

func (e *endpoint) isIP() bool { return e.network == "tcp" || e.network == "udp" }

// family is Unspecified for what is not a socket, such as a net.Pipe.
func (e *endpoint) family() AddressFamily {
	switch {
	case e.isIP():
		return familyOf(e.conn.LocalAddr())
	case e.network == "unix" || e.network == "unixgram":
		return Unix
	}
	return Unspecified
}

// callSite is where the caller of this package's function stands, in debug runs.
func callSite() uintptr {
	if !kernel.DebugRuns() {
		return 0
	}
	return kernel.CallerPC(2)
}

// watched begins the watch of a debug run.
func watched[T any](p *T, e *endpoint, what string, pc uintptr) *T {
	if kernel.DebugRuns() {
		e.watch = unclosed.New(p, what, pc)
	}
	return p
}
