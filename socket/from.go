package socket

import (
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
)

// FromConn makes a Stream of any net.Conn, which belongs to the stream from then on;
// deadlines that were set on it are removed. It may be used on every backend. On the
// event loop each call that waits takes a thread: for a socket of package net,
// AdoptStream is better there. In the simulator it is a way to the world outside: the
// virtual clock stands still while a call waits, so what it waits for must not need
// virtual time. A connection whose SetDeadline fails cannot be
// interrupted: a canceled call goes on in the background, and the next one gets what
// it brings.
func FromConn(c net.Conn) *Stream {
	s := &Stream{}
	s.init(netconn.FromConn(c))
	s.outside = c
	s.network = c.LocalAddr().Network()
	return watched(s, &s.endpoint, "socket.Stream", callSite())
}

// FromListener makes a Listener of any net.Listener, which belongs to it from then on.
// What FromConn says holds for it and for the streams that it accepts.
func FromListener(l net.Listener) *Listener[*Stream] {
	return newListener(l.Addr().Network(), newStream, []kernel.StreamListener{netconn.FromListener(l)}, callSite())
}

// FromPacketConn makes a UDPSocket of a net.PacketConn, which belongs to it from then
// on. What FromConn says holds for it.
func FromPacketConn(c net.PacketConn) *UDPSocket {
	s := &UDPSocket{}
	s.init(netconn.FromPacketConn(c), "udp", false)
	return watched(s, &s.endpoint, "socket.UDPSocket", callSite())
}
