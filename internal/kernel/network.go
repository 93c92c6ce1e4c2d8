package kernel

import (
	"context"
	"errors"
	"net/netip"
	"syscall"
)

// A Network is a backend's socket layer. What the sockets of the three backends
// have in common (attributes, guards against concurrent use, Happy Eyeballs, TLS)
// is written once above it, in package socket.
//
// Every method that takes a context is a blocking call: it begins with Enter, and
// in a canceled scope it has no effect. Errors are those of package net: a
// *net.OpError round a syscall.Errno, io.EOF at the end of a stream, net.ErrClosed
// after Close (those who wait are woken with it), *net.DNSError. A cancellation
// comes back as it is.
//
// Any task, of any backend, and any goroutine may use a socket. One call of Read
// and one of Write may go on at a time; package socket sees to that.
type Network interface {
	// DialStream connects a stream socket.
	DialStream(ctx context.Context, o SocketOptions) (StreamConn, error)
	// ListenStream makes a stream socket that accepts.
	ListenStream(ctx context.Context, o SocketOptions) (StreamListener, error)
	// OpenPacket makes a datagram socket, connected if o.Remote is given.
	OpenPacket(ctx context.Context, o SocketOptions) (PacketConn, error)
	// AdoptStream, AdoptListener and AdoptPacket take over a socket from outside,
	// whose kind has been checked. They own fd also if they fail.
	AdoptStream(ctx context.Context, fd uintptr) (StreamConn, error)
	AdoptListener(ctx context.Context, fd uintptr) (StreamListener, error)
	AdoptPacket(ctx context.Context, fd uintptr) (PacketConn, error)
	// WaitFD waits until fd, which stays the caller's, is readable or writable.
	// One wait per descriptor and direction: the second gets an error that
	// matches syscall.EBUSY. NotifyClosing wakes both with net.ErrClosed.
	WaitFD(ctx context.Context, fd uintptr, write bool) error
	NotifyClosing(ctx context.Context, fd uintptr)
	// LookupHost resolves a name that is no address into addresses, in the order
	// of the resolver. Family is "ip", "ip4" or "ip6".
	LookupHost(ctx context.Context, family, host string) ([]netip.Addr, error)
	// LookupPort resolves a service name; network is "tcp" or "udp".
	LookupPort(ctx context.Context, network, service string) (int, error)
	// LookupAddr is the reverse lookup.
	LookupAddr(ctx context.Context, addr netip.Addr) ([]string, error)
	// RemoveSocketFile removes the UNIX socket at path, if what is there is a socket.
	// It and Chmod are no schedule points; the context tells whose files are meant.
	RemoveSocketFile(ctx context.Context, path string) error
	// Chmod sets the permissions of a UNIX socket's file.
	Chmod(ctx context.Context, path string, mode uint32) error
}

// SocketOptions describe a socket to make.
type SocketOptions struct {
	Network   string // "tcp4", "tcp6", "tcp" (listeners: dual stack), "udp4", "udp6", "unix", "unixgram"
	Local     Addr   // zero: chosen by the system
	Remote    Addr
	Backlog   int // of a listener; 0 means the system's limit
	ReusePort bool
	V6Only    bool // a listener on [::] takes no IPv4
}

// An Addr is the address of a socket: IP for internet sockets, Path for UNIX
// ones; a Path that begins with "@" or NUL is in Linux's abstract name space.
type Addr struct {
	IP   netip.AddrPort
	Path string
}

// A Conn is what all sockets have.
type Conn interface {
	LocalAddr() Addr
	RemoteAddr() Addr // zero if not connected
	// SyscallConn gives access to the descriptor, to set options. The error of a
	// simulated socket matches errors.ErrUnsupported.
	SyscallConn() (syscall.RawConn, error)
	// Close never waits for the other side.
	Close() error
}

// A StreamConn is a connected stream socket. TCP sockets have TCP_NODELAY set.
type StreamConn interface {
	Conn
	// Read reads at least one byte. Cancellation: nothing is lost, and nothing is
	// left behind on the socket.
	Read(ctx context.Context, p []byte) (int, error)
	// Write writes everything, or tells how much it has written.
	Write(ctx context.Context, p []byte) (int, error)
	// CloseWrite sends the end of the stream.
	CloseWrite() error
	// ReadFDs and WriteFDs pass descriptors along with data, over UNIX sockets. With
	// ErrDescriptorsCut ReadFDs returns what there was room for.
	ReadFDs(ctx context.Context, p []byte, fds []uintptr) (n, nfds int, err error)
	WriteFDs(ctx context.Context, p []byte, fds []uintptr) error
	// Abort closes with a reset where the protocol has one.
	Abort() error
}

// A StreamListener accepts stream sockets.
type StreamListener interface {
	Conn
	// Accept waits for a connection. Cancellation: no connection is lost.
	Accept(ctx context.Context) (StreamConn, error)
}

// A PacketConn is a datagram socket.
type PacketConn interface {
	Conn
	// ReadFrom receives one datagram, cut off if it is longer than p. From is zero
	// on a connected socket.
	ReadFrom(ctx context.Context, p []byte) (n int, from Addr, err error)
	// WriteTo sends one datagram; to is zero on a connected socket.
	WriteTo(ctx context.Context, p []byte, to Addr) error
}

// A Teammate is the Network of one loop of several: what becomes ready is told to the loop
// whose network a socket belongs to.
type Teammate interface {
	// Take makes a connection that has been accepted on another loop of the team, and
	// that nobody has used yet, one of this network's. What is no socket of a loop stays
	// as it is.
	Take(c StreamConn)
	// Share makes a listener of this network's at the address of l, to which several
	// sockets may be bound and between which the system then distributes connections; it
	// returns l itself if that is this network's. The error matches errors.ErrUnsupported
	// where the system does not distribute them.
	Share(l StreamListener) (StreamListener, error)
}

// ErrDescriptorsCut tells that more descriptors came than there was room for.
var ErrDescriptorsCut = errors.New("anyio: more descriptors came than there was room for: those that are missing are closed")

// NetworkOf is the socket layer of the run that ctx belongs to.
func NetworkOf(ctx context.Context) Network { return Locate(ctx).Run().Network() }
