package socket

import (
	"context"
	"net/netip"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// A ConnectedUDPSocket exchanges datagrams with one address. Those from others are
// dropped by the system. Otherwise it is like a UDPSocket.
type ConnectedUDPSocket struct{ datagrams }

var _ stream.UnreliableObjectStream[[]byte] = (*ConnectedUDPSocket)(nil)

// DialUDP makes a UDP socket for datagrams to and from host and port. A Dialer has
// options for it; the family is that of its LocalHost, if that is given.
//
// Cancellation: no socket is made.
func DialUDP(ctx context.Context, host string, port int) (*ConnectedUDPSocket, error) {
	return dialUDP(ctx, callSite(), host, port, Dialer{}.options())
}

func dialUDP(ctx context.Context, pc uintptr, host string, port int, o options) (*ConnectedUDPSocket, error) {
	err := o.check("DialUDP")
	if err == nil {
		err = checkPort("UDP port", port, 1)
	}
	if err != nil {
		return nil, err
	}
	from, err := localSide(ctx, &o)
	if err != nil {
		return nil, err
	}
	ips, err := resolve(ctx, host, o.family)
	if err != nil {
		return nil, err
	}
	var attempts []Attempt
	for _, ip := range ips {
		so := kernel.SocketOptions{Network: "udp" + familyOfIP(ip).suffix(), Remote: ipAddr(ip, port), ReusePort: o.reusePort}
		var c kernel.PacketConn
		if so.Local, err = from.toReach(ip); err == nil {
			c, err = kernel.NetworkOf(ctx).OpenPacket(ctx, so)
		}
		if err == nil {
			s := &ConnectedUDPSocket{}
			s.init(c, "udp", true)
			return watched(s, &s.endpoint, "socket.ConnectedUDPSocket", pc), nil
		}
		attempts = append(attempts, Attempt{netip.AddrPortFrom(ip, uint16(port)), err})
	}
	return nil, attemptsError(host, port, attempts)
}

// ReceiveInto waits for a datagram and copies it to buf, cut off if it is longer.
// The errors are those of UDPSocket.ReceiveFrom; an *anyio.BrokenError with
// syscall.ECONNREFUSED says that nobody has listened to an earlier datagram.
//
// Cancellation: no datagram is lost.
func (s *ConnectedUDPSocket) ReceiveInto(ctx context.Context, buf []byte) (int, error) {
	n, _, err := s.receiveFrom(ctx, buf)
	return n, err
}

// Receive is like ReceiveInto but allocates memory for each datagram. Cancellation: no
// datagram is lost.
func (s *ConnectedUDPSocket) Receive(ctx context.Context) ([]byte, error) {
	data, _, err := s.receive(ctx)
	return data, err
}

// Send sends a datagram to the other side. The errors are those of UDPSocket.SendTo
// and ReceiveInto. Cancellation: the datagram is not sent.
func (s *ConnectedUDPSocket) Send(ctx context.Context, data []byte) error {
	return s.send(ctx, data, kernel.Addr{})
}
