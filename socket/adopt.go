package socket

import (
	"context"
	"io"
	"runtime"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// AdoptStream takes over a connected TCP or UNIX stream socket. Cancellation: the socket
// stays the caller's.
func AdoptStream(ctx context.Context, socket any) (*Stream, error) {
	c, err := take(ctx, socket, wanted{function: "AdoptStream", stream: true, connected: true}, kernel.NetworkOf(ctx).AdoptStream)
	if err != nil {
		return nil, err
	}
	return newStream(c, callSite()), nil
}

// AdoptUnixStream takes over a connected UNIX stream socket. Cancellation: the socket
// stays the caller's.
func AdoptUnixStream(ctx context.Context, socket any) (*UnixStream, error) {
	c, err := take(ctx, socket, wanted{function: "AdoptUnixStream", stream: true, connected: true, family: Unix}, kernel.NetworkOf(ctx).AdoptStream)
	if err != nil {
		return nil, err
	}
	return newUnixStream(c, callSite()), nil
}

// AdoptListener takes over a TCP or UNIX socket that is bound and listens. Cancellation:
// the socket stays the caller's.
func AdoptListener(ctx context.Context, socket any) (*Listener[*Stream], error) {
	return listenerFrom(ctx, socket, wanted{function: "AdoptListener"}, newStream, callSite())
}

// AdoptUnixListener takes over a UNIX socket that is bound and listens. Cancellation:
// the socket stays the caller's.
func AdoptUnixListener(ctx context.Context, socket any) (*UnixListener, error) {
	return listenerFrom(ctx, socket, wanted{function: "AdoptUnixListener", family: Unix}, newUnixStream, callSite())
}

// AdoptUDP takes over a UDP socket that is bound. Cancellation: the socket stays the
// caller's.
func AdoptUDP(ctx context.Context, socket any) (*UDPSocket, error) {
	c, err := take(ctx, socket, wanted{function: "AdoptUDP", ip: true, bound: true}, kernel.NetworkOf(ctx).AdoptPacket)
	if err != nil {
		return nil, err
	}
	s := &UDPSocket{}
	s.init(c, "udp", false)
	return watched(s, &s.endpoint, "socket.UDPSocket", callSite()), nil
}

// AdoptConnectedUDP takes over a UDP socket that is connected. Cancellation: the socket
// stays the caller's.
func AdoptConnectedUDP(ctx context.Context, socket any) (*ConnectedUDPSocket, error) {
	c, err := take(ctx, socket, wanted{function: "AdoptConnectedUDP", ip: true, connected: true}, kernel.NetworkOf(ctx).AdoptPacket)
	if err != nil {
		return nil, err
	}
	s := &ConnectedUDPSocket{}
	s.init(c, "udp", true)
	return watched(s, &s.endpoint, "socket.ConnectedUDPSocket", callSite()), nil
}

// AdoptUnixgram takes over a UNIX datagram socket. It need not be bound.
// Cancellation: the socket stays the caller's.
func AdoptUnixgram(ctx context.Context, socket any) (*UnixgramSocket, error) {
	c, err := take(ctx, socket, wanted{function: "AdoptUnixgram", family: Unix}, kernel.NetworkOf(ctx).AdoptPacket)
	if err != nil {
		return nil, err
	}
	s := &UnixgramSocket{}
	s.init(c, "unixgram", false)
	return watched(s, &s.endpoint, "socket.UnixgramSocket", callSite()), nil
}

// AdoptConnectedUnixgram takes over a UNIX datagram socket that is connected.
// Cancellation: the socket stays the caller's.
func AdoptConnectedUnixgram(ctx context.Context, socket any) (*ConnectedUnixgramSocket, error) {
	c, err := take(ctx, socket, wanted{function: "AdoptConnectedUnixgram", family: Unix, connected: true}, kernel.NetworkOf(ctx).AdoptPacket)
	if err != nil {
		return nil, err
	}
	s := &ConnectedUnixgramSocket{}
	s.init(c, "unixgram", true)
	return watched(s, &s.endpoint, "socket.ConnectedUnixgramSocket", callSite()), nil
}

// A wanted is what a socket from outside must be.
type wanted struct {
	function  string
	stream    bool          // else a datagram socket
	family    AddressFamily // Unspecified: any, but see ip
	ip        bool          // IPv4 or IPv6
	bound     bool
	connected bool
	listening bool
}

// take makes a backend's socket of one from outside.
func take[C kernel.Conn](ctx context.Context, obj any, w wanted, adopt func(context.Context, uintptr) (C, error)) (c C, err error) {
	if _, err := kernel.Enter(ctx); err != nil {
		return c, err
	}
	// From here on a cancellation comes too late: the backend would have closed fd,
	// and the caller, who would think that it is his, would close it again.
	ctx, scope := anyio.OpenCancelScope(ctx, anyio.Shield())
	defer func() { err = scope.End(err) }()
	switch x := obj.(type) {
	case int, uintptr:
		fd, err := fdOf(w.function, x)
		if err == nil {
			err = w.check(fd)
		}
		if err != nil {
			return c, err
		}
		return adopt(ctx, fd)
	case syscall.Conn:
		fd, err := w.duplicate(x)
		if err != nil {
			return c, err
		}
		if c, err = adopt(ctx, fd); err != nil {
			return c, err
		}
		if closer, ok := x.(io.Closer); ok && fileOwner(x) == nil {
			_ = closer.Close() // we have the socket, whatever it says
		}
		runtime.KeepAlive(x)
		return c, nil
	}
	return c, misuse("%s: expected a descriptor or a socket, got %T instead", w.function, obj)
}

// fileOwner is what knows whether the file of its UNIX socket is removed at the end, and
// does it when it is closed, as a net.UnixListener; nil if x is nothing of the kind. It
// does not tell, so it must live as long as the socket that was made of it.
func fileOwner(x any) unlinker {
	u, _ := x.(unlinker)
	return u
}

// An unlinker is what fileOwner looks for.
type unlinker interface {
	io.Closer
	SetUnlinkOnClose(bool)
}

// duplicate checks a socket and duplicates its descriptor.
func (w wanted) duplicate(x syscall.Conn) (dup uintptr, err error) {
	raw, err := x.SyscallConn()
	if err != nil {
		return 0, err
	}
	var inner error
	err = raw.Control(func(fd uintptr) {
		if inner = w.check(fd); inner == nil {
			dup, inner = dupFD(fd)
		}
	})
	if err == nil {
		err = inner
	}
	return dup, err
}

// listenerFrom takes over a listener.
func listenerFrom[S stream.ByteStream](ctx context.Context, socket any, w wanted, wrap func(kernel.StreamConn, uintptr) S, pc uintptr) (*Listener[S], error) {
	w.stream, w.bound, w.listening = true, true, true
	c, err := take(ctx, socket, w, kernel.NetworkOf(ctx).AdoptListener)
	if err != nil {
		return nil, err
	}
	network := "tcp"
	if familyOf(c.LocalAddr()) == Unix {
		network = "unix"
	}
	l := newListener(network, wrap, []kernel.StreamListener{c}, pc)
	l.owner = fileOwner(socket)
	return l, nil
}
