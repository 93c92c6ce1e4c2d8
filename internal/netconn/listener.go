package netconn

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// A Listener is a net.Listener as a kernel.StreamListener.
type Listener struct {
	sock
	l     net.Listener
	zoned net.Addr // its address, if l does not know the zone of it
	alive keepAlive
}

var _ kernel.StreamListener = (*Listener)(nil)

// listening is a listener as sock wants it. Its one deadline is the read deadline.
type listening struct{ net.Listener }

func (l listening) LocalAddr() net.Addr                { return l.Addr() }
func (l listening) SetWriteDeadline(t time.Time) error { return l.SetReadDeadline(t) }

func (l listening) SetReadDeadline(t time.Time) error {
	if d, ok := l.Listener.(deadlineListener); ok {
		return d.SetDeadline(t)
	}
	return os.ErrNoDeadline
}

type deadlineListener interface {
	net.Listener
	SetDeadline(time.Time) error
}

func newListener(l deadlineListener) *Listener {
	k := &Listener{l: l}
	k.init(listening{l}, opsOf(l))
	return k
}

// LocalAddr is the address that the listener is bound to.
func (l *Listener) LocalAddr() kernel.Addr {
	if l.zoned != nil {
		return netaddr.FromNet(l.zoned)
	}
	return l.sock.LocalAddr()
}

// Accept waits for a connection. See kernel.StreamListener. If descriptors or
// memory are short the error is a temporary one, and the connection stays in the
// backlog.
func (l *Listener) Accept(ctx context.Context) (kernel.StreamConn, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	c, err := interrupt.Receive(&l.Duplex, pl, l.Ops.Accept, l.l, accept)
	if err == nil {
		l.alive.see(c)
	}
	return accepted(c, l.Failed(err))
}

func accept(l net.Listener) (c net.Conn, done bool, err error) {
	c, err = l.Accept()
	return c, false, err
}

func accepted(c net.Conn, err error) (kernel.StreamConn, error) {
	if err != nil {
		return nil, err
	}
	return FromConn(c), nil
}
