package socket

import (
	"context"
	"net/netip"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/stream"
)

// A Packet is a datagram and the address that it came from or goes to.
type Packet struct {
	Data []byte
	Addr netip.AddrPort
}

// A UDPSocket sends datagrams to anybody and receives them from anybody. UDP
// promises neither order nor delivery. One task may receive and one may send at
// the same time. There is no end of stream. Close it.
type UDPSocket struct{ datagrams }

var _ stream.UnreliableObjectStream[Packet] = (*UDPSocket)(nil)

// ListenUDP makes a UDP socket that is bound to the first address of a host that the
// machine has, and to a port, of which 0 lets the system choose one. A ListenConfig has
// options for it; without a host its Family says of which family all addresses are.
//
// Cancellation: no socket is made.
func ListenUDP(ctx context.Context, host string, port int) (*UDPSocket, error) {
	return listenUDP(ctx, callSite(), ListenConfig{}.options(host, port))
}

func listenUDP(ctx context.Context, pc uintptr, o options) (*UDPSocket, error) {
	err := o.check("ListenUDP")
	if err == nil && o.localHost == "" && o.family == Unspecified {
		err = misuse("ListenUDP: without a host the Family must be given")
	}
	if err != nil {
		return nil, err
	}
	ips := []netip.Addr{wildcard(o.family)}
	if o.localHost != "" {
		if ips, err = resolve(ctx, o.localHost, o.family); err != nil {
			return nil, err
		}
	}
	var c kernel.PacketConn
	for _, ip := range ips {
		c, err = kernel.NetworkOf(ctx).OpenPacket(ctx, kernel.SocketOptions{
			Network: "udp" + familyOfIP(ip).suffix(), Local: ipAddr(ip, o.localPort), ReusePort: o.reusePort,
		})
		if err == nil {
			s := &UDPSocket{}
			s.init(c, "udp", false)
			return watched(s, &s.endpoint, "socket.UDPSocket", pc), nil
		}
	}
	return nil, err
}

// ReceiveFrom waits for a datagram and copies it to buf, cut off if it is longer.
// The errors are ErrClosed after Close, an *anyio.BusyError if another task receives,
// and an *anyio.BrokenError if the network reports a failure; the socket can still be
// used after it.
//
// Cancellation: no datagram is lost.
func (s *UDPSocket) ReceiveFrom(ctx context.Context, buf []byte) (n int, from netip.AddrPort, err error) {
	n, a, err := s.receiveFrom(ctx, buf)
	return n, netaddr.Unmap(a.IP), err
}

// Receive is like ReceiveFrom but allocates memory for each datagram. Cancellation: no
// datagram is lost.
func (s *UDPSocket) Receive(ctx context.Context) (Packet, error) {
	data, a, err := s.receive(ctx)
	return Packet{data, netaddr.Unmap(a.IP)}, err
}

// SendTo sends a datagram. The errors are ErrClosed after Close, an *anyio.BusyError
// if another task sends, and those of the system, such as syscall.EMSGSIZE.
//
// Cancellation: the datagram is not sent.
func (s *UDPSocket) SendTo(ctx context.Context, data []byte, to netip.AddrPort) error {
	if !to.IsValid() {
		return s.refused(ctx, misuse("SendTo: the address is not valid"))
	}
	return s.send(ctx, data, kernel.Addr{IP: to})
}

// Send is like SendTo but for a packet. Cancellation: the datagram is not sent.
func (s *UDPSocket) Send(ctx context.Context, p Packet) error { return s.SendTo(ctx, p.Data, p.Addr) }
