package socket

import (
	"context"
	"io/fs"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/stream"
)

// A UnixPacket is a datagram and the path of the socket that it came from ("" if
// that is not bound) or goes to.
type UnixPacket struct {
	Data []byte
	Path string
}

// A UnixgramSocket exchanges datagrams with other UNIX datagram sockets. One
// task may receive and one may send at the same time. Close it; the file stays.
type UnixgramSocket struct{ datagrams }

var _ stream.UnreliableObjectStream[UnixPacket] = (*UnixgramSocket)(nil)

// ListenUnixgram makes a UNIX datagram socket that is bound to a path. With the path ""
// it is bound to none, and nobody can answer it. A ListenConfig has options for it.
//
// Cancellation: nothing has happened.
func ListenUnixgram(ctx context.Context, path string) (*UnixgramSocket, error) {
	return listenUnixgram(ctx, callSite(), ListenConfig{}.unixOptions(path))
}

func listenUnixgram(ctx context.Context, pc uintptr, o options) (*UnixgramSocket, error) {
	c, err := openUnixgram(ctx, "ListenUnixgram", kernel.Addr{}, o)
	if err != nil {
		return nil, err
	}
	s := &UnixgramSocket{}
	s.init(c, "unixgram", false)
	return watched(s, &s.endpoint, "socket.UnixgramSocket", pc), nil
}

// ReceiveFrom waits for a datagram and copies it to buf, cut off if it is longer.
// The errors are ErrClosed after Close and an *anyio.BusyError if another task receives.
//
// Cancellation: no datagram is lost.
func (s *UnixgramSocket) ReceiveFrom(ctx context.Context, buf []byte) (n int, from string, err error) {
	n, a, err := s.receiveFrom(ctx, buf)
	return n, netaddr.UnixName(a.Path), err
}

// Receive is like ReceiveFrom but allocates memory for each datagram, of up to 65536
// bytes. Cancellation: no datagram is lost.
func (s *UnixgramSocket) Receive(ctx context.Context) (UnixPacket, error) {
	data, a, err := s.receive(ctx)
	return UnixPacket{data, netaddr.UnixName(a.Path)}, err
}

// SendTo sends a datagram, waiting while the receiver's queue is full. The errors are
// ErrClosed after Close, an *anyio.BusyError if another task sends, and those of the
// system, such as fs.ErrNotExist.
//
// Cancellation: the datagram is not sent.
func (s *UnixgramSocket) SendTo(ctx context.Context, data []byte, path string) error {
	to, err := unixAddr(path)
	if err != nil {
		return s.refused(ctx, err)
	}
	return s.send(ctx, data, to)
}

// Send is like SendTo but for a packet. Cancellation: the datagram is not sent.
func (s *UnixgramSocket) Send(ctx context.Context, p UnixPacket) error {
	return s.SendTo(ctx, p.Data, p.Path)
}

// A ConnectedUnixgramSocket exchanges datagrams with one other socket. Otherwise it
// is like a UnixgramSocket.
type ConnectedUnixgramSocket struct{ datagrams }

var _ stream.UnreliableObjectStream[[]byte] = (*ConnectedUnixgramSocket)(nil)

// DialUnixgram makes a UNIX datagram socket for datagrams to and from the socket at a
// path. Only one that is bound can be answered: see LocalPath of Dialer, which has
// options for it.
//
// Cancellation: nothing has happened.
func DialUnixgram(ctx context.Context, path string) (*ConnectedUnixgramSocket, error) {
	return dialUnixgram(ctx, callSite(), path, options{})
}

func dialUnixgram(ctx context.Context, pc uintptr, path string, o options) (*ConnectedUnixgramSocket, error) {
	remote, err := unixAddr(path)
	if err != nil {
		return nil, err
	}
	c, err := openUnixgram(ctx, "DialUnixgram", remote, o)
	if err != nil {
		return nil, err
	}
	s := &ConnectedUnixgramSocket{}
	s.init(c, "unixgram", true)
	return watched(s, &s.endpoint, "socket.ConnectedUnixgramSocket", pc), nil
}

// ReceiveInto waits for a datagram and copies it to buf, cut off if it is longer.
// The errors are those of UnixgramSocket.ReceiveFrom. Cancellation: no datagram
// is lost.
func (s *ConnectedUnixgramSocket) ReceiveInto(ctx context.Context, buf []byte) (int, error) {
	n, _, err := s.receiveFrom(ctx, buf)
	return n, err
}

// Receive is like ReceiveInto but allocates memory for each datagram. Cancellation: no
// datagram is lost.
func (s *ConnectedUnixgramSocket) Receive(ctx context.Context) ([]byte, error) {
	data, _, err := s.receive(ctx)
	return data, err
}

// Send sends a datagram, waiting while the receiver's queue is full. The errors are
// those of UnixgramSocket.SendTo, and an *anyio.BrokenError if the other side is
// gone. Cancellation: the datagram is not sent.
func (s *ConnectedUnixgramSocket) Send(ctx context.Context, data []byte) error {
	return s.send(ctx, data, kernel.Addr{})
}

func openUnixgram(ctx context.Context, function string, remote kernel.Addr, o options) (kernel.PacketConn, error) {
	if err := o.check(function); err != nil {
		return nil, err
	}
	so := kernel.SocketOptions{Network: "unixgram", Remote: remote}
	switch {
	case o.localPath != "":
		var err error
		if so.Local, err = unixAddr(o.localPath); err != nil {
			return nil, err
		}
	case o.mode != 0:
		return nil, misuse("%s: a Mode needs a path to bind to", function)
	}
	return bindUnix(ctx, so, o, kernel.NetworkOf(ctx).OpenPacket)
}

// bindUnix makes a UNIX socket with a file of its own.
func bindUnix[C kernel.Conn](ctx context.Context, so kernel.SocketOptions, o options, open func(context.Context, kernel.SocketOptions) (C, error)) (c C, err error) {
	n := kernel.NetworkOf(ctx)
	hasFile := so.Local.Path != "" && !netaddr.IsAbstract(so.Local.Path)
	if hasFile {
		if _, err := kernel.Enter(ctx); err != nil {
			return c, err
		}
		if err := n.RemoveSocketFile(ctx, so.Local.Path); err != nil {
			return c, err
		}
	}
	if c, err = open(ctx, so); err != nil {
		return c, err
	}
	if hasFile && o.mode != 0 {
		if err := n.Chmod(ctx, so.Local.Path, uint32(o.mode&fs.ModePerm)); err != nil {
			c.Close()
			var none C
			return none, err
		}
	}
	return c, nil
}
