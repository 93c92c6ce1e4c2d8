package asyncio_test

import (
	"context"
	"errors"
	"net"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

// echo is a protocol that sends back what it gets.
type echo struct {
	asyncio.ProtocolDefaults
	tr asyncio.Transport
}

func (p *echo) ConnectionMade(tr asyncio.Transport) { p.tr = tr }
func (p *echo) DataReceived(data []byte)            { _, _ = p.tr.Write(data) }

func newEcho() asyncio.BaseProtocol { return &echo{} }

func portOf(s *asyncio.Server) int { return s.Sockets()[0].LocalAddr().(*net.TCPAddr).Port }

var onLoopback = asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}

func TestCreateConnectionReturnsAfterItIsMade(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, onLoopback))
		defer s.Close()
		p := newLogger(t, ctx)
		tr, got, err := l.CreateConnection(ctx, p.factory, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)})
		if err != nil || got != asyncio.BaseProtocol(p) || p.tr != tr || tr.Protocol() != got {
			t.Fatalf("%v %v %v", tr, got, err)
		}
		p.wantLog("made")
		if peer := tr.ExtraInfo("peername").(*net.TCPAddr); peer.Port != portOf(s) {
			t.Errorf("peername %v", peer)
		}
		if own := tr.ExtraInfo("sockname").(*net.TCPAddr); own.Port == 0 || !own.IP.IsLoopback() {
			t.Errorf("sockname %v", own)
		}
		if _, ok := tr.ExtraInfo("socket").(*asyncio.TransportSocket); !ok || tr.ExtraInfo("sslcontext") != nil || !tr.CanWriteEOF() {
			t.Error("extra")
		}
		talk(t, ctx, tr, p)
	})
}

func TestConnectionOptionsAreChecked(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, onLoopback))
		port := portOf(s)
		s.Close()
		for _, o := range []asyncio.ConnectionOptions{{}, {Host: "localhost", Socket: 7}} {
			if _, _, err := l.CreateConnection(ctx, newEcho, o); !isMisuse(err) {
				t.Errorf("%+v: %v", o, err)
			}
		}
		var attempts *socket.AttemptsError
		if _, _, err := l.CreateConnection(ctx, newEcho, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: port}); err == nil || errors.As(err, &attempts) && len(attempts.Attempts) != 1 {
			t.Errorf("nobody listens: %v", err)
		}
		if _, err := l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Port: 1, Socket: 7}); !isMisuse(err) {
			t.Errorf("server with a socket and a port: %v", err)
		}
		if _, err := l.CreateUnixServer(ctx, newEcho, asyncio.UnixServerOptions{}); !isMisuse(err) {
			t.Errorf("UNIX server of nothing: %v", err)
		}
		canceled, scope := anyio.OpenCancelScope(ctx)
		scope.Cancel("test")
		if _, _, err := l.CreateConnection(canceled, newEcho, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: port}); !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("canceled: %v", err)
		}
		_ = scope.End(nil)
	})
}

func TestConnectAcceptedSocket(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		listener := must[*socket.TCPListener](t)(socket.ListenTCP(ctx, "127.0.0.1", 0))
		defer listener.Close(ctx)
		peer := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", listener.Port()))
		defer peer.Close(ctx)
		c := must[*socket.Stream](t)(listener.Accept(ctx))
		p := newLogger(t, ctx)
		tr, _, err := l.ConnectAcceptedSocket(ctx, p.factory, c, asyncio.AcceptedOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := l.ConnectAcceptedSocket(ctx, p.factory, c, asyncio.AcceptedOptions{}); !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("a socket was taken twice: %v", err)
		}
		send(t, ctx, peer, "x")
		until(t, ctx, func() bool { return p.got.String() == "x" })
		tr.Close()
		p.wantLost(ctx, nil)
	})
}

func TestServerOfASocket(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		listener := must[*socket.TCPListener](t)(socket.ListenTCP(ctx, "127.0.0.1", 0))
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Socket: listener, Paused: true}))
		defer s.Close()
		if s.Serving() || len(s.Sockets()) != 1 || portOf(s) != listener.Port() || s.Loop() != l {
			t.Errorf("serving %v, sockets %v", s.Serving(), s.Sockets())
		}
		peer := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", portOf(s)))
		defer peer.Close(ctx)
		send(t, ctx, peer, "early")
		turns(t, ctx, 3)
		for range 2 {
			if err := s.StartServing(); err != nil || !s.Serving() {
				t.Error(err)
			}
		}
		buf := make([]byte, 8)
		if n := must[int](t)(peer.Receive(ctx, buf)); string(buf[:n]) != "early" {
			t.Errorf("%q", buf[:n])
		}
	})
}

func TestServerIsClosed(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		p := newLogger(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, p.factory, onLoopback))
		port := portOf(s)
		peer := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", port))
		defer peer.Close(ctx)
		until(t, ctx, func() bool { return p.tr != nil })
		waits := false
		closed := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			waits = true
			return 0, s.WaitClosed(ctx)
		})
		until(t, ctx, func() bool { return waits })
		s.Close()
		s.Close()
		if s.Serving() || s.Sockets() != nil {
			t.Error("serves after Close")
		}
		if _, err := socket.DialTCP(ctx, "127.0.0.1", port); err == nil {
			t.Error("it still listens")
		}
		if err := s.StartServing(); !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("StartServing after Close: %v", err)
		}
		if err := s.ServeForever(ctx); !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("ServeForever after Close: %v", err)
		}
		// Connections go on, and whoever has waited before Close waits for them.
		send(t, ctx, peer, "x")
		until(t, ctx, func() bool { return p.got.Len() == 1 })
		if err := s.WaitClosed(ctx); err != nil || closed.Done() {
			t.Errorf("WaitClosed after Close: %v; before: done %v", err, closed.Done())
		}
		p.tr.Close()
		p.wantLost(ctx, nil)
		if _, err := closed.Await(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestServeForeverEndsWithACancellation(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		serve := func(s *asyncio.Server) *asyncio.Task[int] {
			return asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, s.ServeForever(ctx) })
		}
		paused := onLoopback
		paused.Paused = true
		first := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, paused))
		task := serve(first)
		until(t, ctx, first.Serving)
		if err := first.ServeForever(ctx); !isMisuse(err) {
			t.Errorf("ServeForever twice: %v", err)
		}
		first.Close()
		if _, err := task.Await(ctx); !errors.Is(err, anyio.ErrCanceled) || !task.Canceled() {
			t.Errorf("closed: %v", err)
		}
		second := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, paused))
		task = serve(second)
		until(t, ctx, second.Serving)
		task.Cancel("test")
		if _, err := task.Await(ctx); !errors.Is(err, anyio.ErrCanceled) || second.Sockets() != nil {
			t.Errorf("canceled: %v, sockets %v", err, second.Sockets())
		}
	})
}

func TestServerReportsWhatItCannotMake(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		var told []asyncio.ErrorContext
		l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = append(told, c) })
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, func() asyncio.BaseProtocol { panic("no protocol") }, onLoopback))
		defer s.Close()
		peer := must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", portOf(s)))
		defer peer.Close(ctx)
		if _, err := peer.Receive(ctx, make([]byte, 1)); err == nil {
			t.Error("the connection is open")
		}
		if len(told) != 1 || told[0].Err == nil {
			t.Errorf("told %v", told)
		}
		_, _, err := l.CreateConnection(ctx, func() asyncio.BaseProtocol { return onlyBase{} }, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)})
		if !isMisuse(err) {
			t.Errorf("a protocol that takes no data: %v", err)
		}
	})
}

type onlyBase struct{ asyncio.ProtocolDefaults }

// Ten hosts of which some are the same are bound once each.
func TestServerOnSeveralHosts(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Hosts: []string{"127.0.0.1", "::1", "127.0.0.1"}}))
		defer s.Close()
		if n := len(s.Sockets()); n != 2 {
			t.Errorf("%d sockets", n)
		}
		for _, x := range s.Sockets() {
			peer := must[*socket.Stream](t)(socket.Dial(ctx, "tcp", x.LocalAddr().String()))
			send(t, ctx, peer, "x")
			must[int](t)(peer.Receive(ctx, make([]byte, 1)))
			_ = peer.Close(ctx)
		}
	})
}

func TestUnixConnections(t *testing.T) {
	path := socketPath(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateUnixServer(ctx, newEcho, asyncio.UnixServerOptions{Path: path}))
		defer s.Close()
		for _, by := range []asyncio.UnixConnectionOptions{{Path: path}, {Socket: must[*socket.UnixStream](t)(socket.DialUnix(ctx, path))}} {
			p := newLogger(t, ctx)
			tr, _, err := l.CreateUnixConnection(ctx, p.factory, by)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = tr.Write([]byte("ping"))
			until(t, ctx, func() bool { return p.got.String() == "ping" })
			if peer := tr.ExtraInfo("peername").(net.Addr); peer.String() != path {
				t.Errorf("peername %v", peer)
			}
			tr.WriteEOF()
			p.wantLost(ctx, nil)
		}
		if _, _, err := l.CreateUnixConnection(ctx, newEcho, asyncio.UnixConnectionOptions{Path: path + "x"}); err == nil {
			t.Error("connected to nobody")
		}
	})
}

func TestServersShareAPort(t *testing.T) {
	needSharedPorts(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		o := onLoopback
		o.ReusePort = true
		first := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, o))
		defer first.Close()
		if o.Port = portOf(first); o.Port == 0 {
			t.Fatal("no port")
		}
		second := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, o))
		defer second.Close()
		o.ReusePort = false
		if _, err := l.CreateServer(ctx, newEcho, o); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a third one, which does not share: %v", err)
		}
		tr, _, err := l.CreateConnection(ctx, newEcho, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: o.Port, LocalHost: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		tr.Abort()
	})
}
