package asyncio

import (
	"net"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// A BaseTransport is what transports of all kinds have in common. Like all of a loop they
// are for the loop's tasks and callbacks alone, and none of their methods waits.
type BaseTransport interface {
	// Close writes what is buffered, reads no more, and then lets the loop call
	// ConnectionLost with nil.
	Close()
	// Abort drops what is buffered and lets the loop call ConnectionLost with nil.
	Abort()
	// IsClosing reports whether the transport is closed, or about to be.
	IsClosing() bool
	// ExtraInfo returns what the transport knows under a name, nil if nothing: "peername"
	// and "sockname" are addresses, a net.Addr; "socket" and "pipe" a *TransportSocket.
	// Transports made of others have more.
	ExtraInfo(name string) any
	// SetWriteBufferLimits sets how many bytes may be buffered before the protocol is told
	// to pause (when there are more than high) and to resume (low or less). One that is
	// negative is not given: by default high is 64 KiB, or four times low, and low a fourth
	// of high. The error is a *anyio.MisuseError if low is above high.
	SetWriteBufferLimits(high, low int) error
	// WriteBufferLimits returns the limits.
	WriteBufferLimits() (low, high int)
	// WriteBufferSize returns how many bytes are buffered.
	WriteBufferSize() int
}

// A Transport is one end of a connection, or of a pipe, as a protocol sees it. What an end
// of a pipe cannot do panics with a *anyio.MisuseError.
type Transport interface {
	BaseTransport
	// Write writes data at once, as far as that goes, and buffers the rest. It never waits
	// and is an io.Writer: data may be used again when it returns. The error is a
	// *anyio.MisuseError after WriteEOF, and anyio.ErrClosed if the connection is lost.
	Write(data []byte) (int, error)
	// WriteLines writes the pieces one after the other.
	WriteLines(pieces [][]byte) error
	// WriteEOF tells the other side, after what is buffered, that no more will be written.
	// Reading goes on, but for a pipe, which is closed.
	WriteEOF()
	// CanWriteEOF reports whether WriteEOF is possible.
	CanWriteEOF() bool
	// PauseReading lets data wait in the system until ResumeReading. Calling it again does
	// nothing.
	PauseReading()
	// ResumeReading undoes PauseReading.
	ResumeReading()
	// IsReading reports whether data is being received.
	IsReading() bool
	// SetProtocol changes the protocol, which is told of what happens from then on.
	SetProtocol(p BaseProtocol)
	// Protocol returns the protocol, nil when the connection is lost.
	Protocol() BaseProtocol
}

// A DatagramTransport is a socket of datagrams.
type DatagramTransport interface {
	BaseTransport
	// SendTo sends a datagram, or buffers it. addr is nil on a socket that is connected.
	// The error is a *anyio.MisuseError if it is connected to another address, and
	// anyio.ErrClosed if it is closed; of failures the protocol is told.
	SendTo(data []byte, addr net.Addr) error
	// SetProtocol changes the protocol.
	SetProtocol(p DatagramProtocol)
	// Protocol returns the protocol, nil when the connection is lost.
	Protocol() DatagramProtocol
}

// A TransportSocket is the socket, or the pipe, of a transport, to be looked at and to have
// options set.
type TransportSocket struct {
	conn    rawSocket
	network string // as package net calls it, "" for a pipe
}

type rawSocket interface {
	SyscallConn() (syscall.RawConn, error)
}

// LocalAddr returns the address that the socket is bound to, nil for a pipe.
func (s *TransportSocket) LocalAddr() net.Addr {
	c, ok := s.conn.(kernel.Conn)
	if !ok || s.network == "" {
		return nil
	}
	return toNet(s.network, c.LocalAddr())
}

// RemoteAddr returns the address of the other side, nil if it is not connected.
func (s *TransportSocket) RemoteAddr() net.Addr {
	c, ok := s.conn.(kernel.Conn)
	if !ok || s.network == "" || c.RemoteAddr() == (kernel.Addr{}) {
		return nil
	}
	return toNet(s.network, c.RemoteAddr())
}

// SyscallConn gives access to the descriptor. Do not read, write or close through it. In a
// simulation the error matches errors.ErrUnsupported.
func (s *TransportSocket) SyscallConn() (syscall.RawConn, error) { return s.conn.SyscallConn() }

// networkOf is what package net calls a socket's network.
func networkOf(inet, local string, c kernel.Conn) string {
	if c.LocalAddr().IP.IsValid() || c.RemoteAddr().IP.IsValid() {
		return inet
	}
	return local
}

// toNet is an address as package net has it.
func toNet(network string, a kernel.Addr) net.Addr {
	if a.Path == "" && (network == "unix" || network == "unixgram") {
		return &net.UnixAddr{Net: network}
	}
	return netaddr.ToNet(network, a)
}

// extraOf is ExtraInfo of a socket or pipe.
func extraOf(s *TransportSocket, name string) any {
	pipe := s.network == ""
	switch {
	case name == "pipe" && pipe, name == "socket" && !pipe:
		return s
	case name == "sockname" && !pipe:
		return s.LocalAddr()
	case name == "peername" && !pipe:
		if a := s.RemoteAddr(); a != nil {
			return a
		}
	}
	return nil
}
