package asyncio

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A Server accepts connections and makes a protocol for each, see Loop.CreateServer.
type Server struct {
	loop    *Loop
	factory func() BaseProtocol
	backlog int
	sockets []*serverSocket // nil after Close
	serving bool
	active  int                 // connections that are not lost
	waiters []*Future[struct{}] // of WaitClosed
	forever *Future[struct{}]   // of ServeForever, nil if nobody is in it
}

// A serverSocket is one of the sockets of a server.
type serverSocket struct {
	server    *Server
	conn      kernel.TryListener
	accepting turn
}

// newServer makes a server of sockets, which it owns.
func newServer(l *Loop, factory func() BaseProtocol, backlog int, conns []kernel.Conn) (*Server, error) {
	s := &Server{loop: l, factory: factory, backlog: backlog}
	for _, c := range conns {
		tc, err := kernel.Try[kernel.TryListener](c)
		if err != nil {
			closeAll(conns)
			return nil, err
		}
		s.sockets = append(s.sockets, &serverSocket{server: s, conn: tc})
	}
	return s, nil
}

// Loop returns the loop that the server belongs to.
func (s *Server) Loop() *Loop { return s.loop }

// Serving reports whether the server accepts connections.
func (s *Server) Serving() bool { return s.serving }

// Sockets returns the sockets on which the server listens, none after Close.
func (s *Server) Sockets() []*TransportSocket {
	var all []*TransportSocket
	for _, x := range s.sockets {
		all = append(all, &TransportSocket{conn: x.conn, network: networkOf("tcp", "unix", x.conn)})
	}
	return all
}

// StartServing lets the server accept connections. Calling it again does nothing. The
// error is anyio.ErrClosed after Close.
func (s *Server) StartServing() error {
	s.loop.use("StartServing")
	switch {
	case s.sockets == nil:
		return anyio.ErrClosed
	case s.serving:
		return nil
	}
	s.serving = true
	for _, x := range s.sockets {
		x.accepting.to = x
		x.conn.Watch(x)
		x.wantAccept()
	}
	return nil
}

// Close lets the server accept no more and closes its sockets. Connections go on. It ends
// ServeForever with a cancellation. Calling it again does nothing.
func (s *Server) Close() {
	s.loop.use("Close")
	if s.sockets == nil {
		return
	}
	sockets := s.sockets
	s.sockets, s.serving = nil, false
	for _, x := range sockets {
		_ = x.conn.Close() // nobody is to be told
	}
	if s.forever != nil {
		s.forever.cancel("the server was closed")
	}
	if s.active == 0 {
		s.wake()
	}
}

// ServeForever accepts connections until the server is closed or the task canceled, and
// returns that cancellation. The error is a *anyio.MisuseError if another task is in it,
// anyio.ErrClosed after Close. Cancellation: the server is closed.
func (s *Server) ServeForever(ctx context.Context) error {
	s.loop.use("ServeForever")
	if s.forever != nil {
		return misuse("ServeForever of a server by two tasks")
	}
	if err := s.StartServing(); err != nil {
		return err
	}
	s.forever = CreateFuture[struct{}](s.loop)
	_, err := s.forever.Await(ctx)
	s.forever = nil
	s.Close()
	return err
}

// WaitClosed waits until the server is closed and its last connection lost. It does not
// wait for the connections of a server that is closed already. Cancellation: nothing
// changes.
func (s *Server) WaitClosed(ctx context.Context) error {
	s.loop.use("WaitClosed")
	if s.sockets == nil {
		return Sleep(ctx, 0)
	}
	f := CreateFuture[struct{}](s.loop)
	s.waiters = append(s.waiters, f)
	_, err := f.Await(ctx)
	s.waiters = slices.DeleteFunc(s.waiters, func(w *Future[struct{}]) bool { return w == f })
	return err
}

func (s *Server) wake() {
	for _, f := range s.waiters {
		f.finish(struct{}{})
	}
	s.waiters = nil
}

func (s *Server) attach() { s.active++ }

func (s *Server) detach() {
	if s.active--; s.active == 0 && s.sockets == nil {
		s.wake()
	}
}

// Readable implements kernel.Ready.
func (x *serverSocket) Readable() { x.wantAccept() }

// Writable implements kernel.Ready; nobody has tried to write.
func (x *serverSocket) Writable() {}

func (x *serverSocket) wantAccept() { x.accepting.want(x.server.loop) }

// acceptRetryDelay is how long a server waits that could not accept for want of means.
const acceptRetryDelay = time.Second

// Called implements kernel.Callee: it accepts what there is, up to the backlog.
func (x *serverSocket) Called() {
	x.accepting.begin()
	s := x.server
	more := true
	defer func() { // also if the factory exits the goroutine
		if more && s.sockets != nil {
			x.wantAccept()
		}
	}()
	for range s.backlog {
		if s.sockets == nil {
			return
		}
		c, err := x.conn.TryAccept()
		if err == nil {
			s.accepted(c)
			continue
		}
		more = false
		switch {
		case err == kernel.ErrWouldBlock:
		case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE), errors.Is(err, syscall.ENOBUFS), errors.Is(err, syscall.ENOMEM):
			s.loop.callAt(s.loop.Time()+acceptRetryDelay, x.wantAccept)
			s.loop.CallExceptionHandler(ErrorContext{Message: "a server is out of means to accept connections", Err: err})
		default:
			s.loop.CallExceptionHandler(ErrorContext{Message: "a server could not accept a connection", Err: err})
		}
		return
	}
}

// accepted makes the protocol of a connection.
func (s *Server) accepted(c kernel.StreamConn) {
	var p BaseProtocol
	failed := s.loop.guardedOr(ErrorContext{Message: "the protocol of a connection could not be made"}, func() {
		p = s.factory()
		if err := socketWire.checkProtocol(p); err != nil {
			panic(err)
		}
	}, func(error) { _ = c.Close() }) // nobody is to be told
	if failed == nil {
		newStreamTransport(s.loop, c.(wire), socketWire, p, s, nil)
	}
}

// closeAll closes sockets of which none is of use.
func closeAll(conns []kernel.Conn) {
	for _, c := range conns {
		_ = c.Close() // it was not used
	}
}
