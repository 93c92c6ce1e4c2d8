package netconn

import (
	"context"
	"net"
	"os"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Listener is a net.Listener as a kernel.StreamListener.
type Listener struct {
	sock
	l     net.Listener
	zoned net.Addr // its address, if l does not know the zone of it
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
	return &Listener{sock: sock{c: listening{l}, ops: opsOf(l)}, l: l}
}

// LocalAddr is the address that the listener is bound to.
func (l *Listener) LocalAddr() kernel.Addr {
	if l.zoned != nil {
		return addrOf(l.zoned)
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
	if t := pl.RunningTask(); t != nil {
		return l.acceptElsewhere(pl, t)
	}
	var c net.Conn
	if err = l.reading.begin(pl, l.ops.Accept, (*readSide)(&l.sock)); err == nil {
		c, err = l.l.Accept()
		if canceled := l.reading.End(pl, err != nil); canceled != nil {
			err = l.endRead(false, err, canceled)
		}
	}
	return accepted(c, l.failed(err))
}

func (l *Listener) acceptElsewhere(pl kernel.Place, t *kernel.Task) (kernel.StreamConn, error) {
	var c net.Conn
	var err error
	canceled := l.reading.offload(pl, t, l.ops.Accept, (*readSide)(&l.sock), func() error {
		c, err = l.l.Accept()
		return err
	})
	if canceled != nil {
		err = l.endRead(false, err, canceled)
	}
	return accepted(c, l.failed(err))
}

func accepted(c net.Conn, err error) (kernel.StreamConn, error) {
	if err != nil {
		return nil, err
	}
	return FromConn(c), nil
}
