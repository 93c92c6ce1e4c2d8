package socket

import (
	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

func init() { inside.TakeConns = takeConns }

// takeConns takes the backend's sockets out of one of this package, which must not be used
// any more: its Close does nothing then. It takes nothing of what is refused, and returns
// none for what is something else.
func takeConns(socket any, refuses func(c kernel.Conn) error) ([]kernel.Conn, error) {
	switch s := socket.(type) {
	case *Stream:
		return s.endpoint.take(refuses)
	case *UnixStream:
		return s.endpoint.take(refuses)
	case *UDPSocket:
		return s.endpoint.take(refuses)
	case *ConnectedUDPSocket:
		return s.endpoint.take(refuses)
	case *UnixgramSocket:
		return s.endpoint.take(refuses)
	case *ConnectedUnixgramSocket:
		return s.endpoint.take(refuses)
	case *TCPListener:
		return s.take(refuses)
	case *UnixListener:
		return s.take(refuses)
	}
	return nil, nil
}

func (e *endpoint) take(refuses func(c kernel.Conn) error) ([]kernel.Conn, error) {
	if err := refuses(e.conn); err != nil {
		return nil, err
	}
	if !e.closed.CompareAndSwap(false, true) {
		return nil, anyio.ErrClosed
	}
	e.watch.Stop()
	return []kernel.Conn{e.conn}, nil
}

// take closes connections that were accepted and that nobody has asked for, as Close does.
// The file of a UNIX socket stays.
func (l *Listener[S]) take(refuses func(c kernel.Conn) error) (all []kernel.Conn, err error) {
	for _, e := range l.all() {
		if err := refuses(e.conn); err != nil {
			return nil, err
		}
	}
	sockets, ok := l.end()
	if !ok {
		return nil, anyio.ErrClosed
	}
	for _, e := range sockets {
		all = append(all, e.conn)
	}
	if l.owner != nil { // it has a descriptor of its own, at which clients would still knock
		l.owner.SetUnlinkOnClose(false)
		_ = l.owner.Close()
	}
	return all, nil
}
