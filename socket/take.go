package socket

import (
	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
)

func init() { inside.TakeConns = takeConns }

// takeConns takes the backend's sockets out of one of this package, which must not be used
// any more: its Close does nothing then. It returns none for what is something else.
func takeConns(socket any) ([]kernel.Conn, error) {
	switch s := socket.(type) {
	case *Stream:
		return s.endpoint.take()
	case *UnixStream:
		return s.endpoint.take()
	case *UDPSocket:
		return s.endpoint.take()
	case *ConnectedUDPSocket:
		return s.endpoint.take()
	case *UnixgramSocket:
		return s.endpoint.take()
	case *ConnectedUnixgramSocket:
		return s.endpoint.take()
	case *TCPListener:
		return s.take()
	case *UnixListener:
		return s.take()
	}
	return nil, nil
}

func (e *endpoint) take() ([]kernel.Conn, error) {
	if !e.closed.CompareAndSwap(false, true) {
		return nil, anyio.ErrClosed
	}
	e.watch.Stop()
	return []kernel.Conn{e.conn}, nil
}

func (l *Listener[S]) take() (all []kernel.Conn, err error) {
	if !l.closed.CompareAndSwap(false, true) {
		return nil, anyio.ErrClosed
	}
	l.watch.Stop()
	for _, e := range l.sockets {
		all = append(all, e.conn)
	}
	return all, nil
}
