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

func (l *Listener[S]) take(refuses func(c kernel.Conn) error) (all []kernel.Conn, err error) {
	for _, e := range l.sockets {
		if err := refuses(e.conn); err != nil {
			return nil, err
		}
	}
	if !l.closed.CompareAndSwap(false, true) {
		return nil, anyio.ErrClosed
	}
	l.watch.Stop()
	for _, e := range l.sockets {
		all = append(all, e.conn)
	}
	return all, nil
}
