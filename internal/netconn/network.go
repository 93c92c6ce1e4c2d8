package netconn

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// Network is a kernel.Network over package net. It has no state: whose task a call
// comes from decides how it waits.
type Network struct{}

var _ kernel.Network = Network{}

// DialStream connects a stream socket. A connection that comes about while the call
// is canceled is returned, or closed.
func (Network) DialStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamConn, error) {
	c, err := dial(ctx, o)
	if err != nil {
		return nil, err
	}
	return newStream(c), nil
}

func dial(ctx context.Context, o kernel.SocketOptions) (net.Conn, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	d := net.Dialer{LocalAddr: dialFrom(o), Control: control(o)}
	c, err := interrupt.WithContext(ctx, p, kernel.OpsOfNetwork(o.Network).Dial, func(ctx context.Context) (net.Conn, error) {
		return d.DialContext(ctx, o.Network, dialTo(o))
	})
	if err != nil {
		return nil, p.CanceledOr(netaddr.Portable(err))
	}
	return c, nil
}

// dialFrom is the local address of a dialer, nil to let the system choose.
func dialFrom(o kernel.SocketOptions) net.Addr {
	a := o.Local
	if ip := a.IP; !ip.Addr().IsValid() && ip.Port() != 0 { // the unspecified one of the family
		addr := netip.IPv6Unspecified()
		if strings.HasSuffix(o.Network, "4") {
			addr = netip.IPv4Unspecified()
		}
		a.IP = netip.AddrPortFrom(addr, ip.Port())
	}
	return netaddr.ToNet(o.Network, a)
}

func dialTo(o kernel.SocketOptions) string {
	if strings.HasPrefix(o.Network, "unix") {
		return netaddr.UnixName(o.Remote.Path)
	}
	return o.Remote.IP.String()
}

// listenOn is an address as net.ListenConfig reads it. Without an IP address it means all
// of the machine's.
func listenOn(o kernel.SocketOptions) string {
	switch ip := o.Local.IP; {
	case strings.HasPrefix(o.Network, "unix"):
		return netaddr.UnixName(o.Local.Path)
	case !ip.Addr().IsValid():
		return ":" + strconv.Itoa(int(ip.Port()))
	default:
		return ip.String()
	}
}

// ListenStream makes a stream socket that accepts. The file of a UNIX socket is
// not removed by Close.
func (Network) ListenStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamListener, error) {
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{Control: control(o)}
	var alive keepAlive
	if strings.HasPrefix(o.Network, "tcp") {
		alive.inherit(&lc)
	}
	l, err := lc.Listen(context.WithoutCancel(ctx), o.Network, listenOn(o))
	if err != nil {
		return nil, netaddr.Portable(err)
	}
	if u, ok := l.(*net.UnixListener); ok {
		u.SetUnlinkOnClose(false)
	}
	if o.Backlog > 0 {
		if err := setBacklog(l.(rawListener), o.Backlog); err != nil {
			_ = l.Close()
			return nil, &net.OpError{Op: "listen", Net: o.Network, Addr: l.Addr(), Err: err}
		}
	}
	k := newListener(l.(deadlineListener))
	k.alive = alive
	if a, ok := l.Addr().(*net.TCPAddr); ok && a.Zone == "" && a.IP.IsLinkLocalUnicast() {
		// A listener for Multipath TCP, which package net makes, does not tell it.
		a := *a
		a.Zone = o.Local.IP.Addr().Zone()
		k.zoned = &a
	}
	return k, nil
}

// OpenPacket makes a datagram socket, connected if o.Remote is given.
func (Network) OpenPacket(ctx context.Context, o kernel.SocketOptions) (kernel.PacketConn, error) {
	if beyondNet(o) {
		if _, err := kernel.Enter(ctx); err != nil {
			return nil, err
		}
		return openUnixgram(o)
	}
	if o.Remote != (kernel.Addr{}) {
		c, err := dial(ctx, o)
		if err != nil {
			return nil, err
		}
		return FromPacketConn(c.(net.PacketConn)), nil
	}
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{Control: control(o)}
	c, err := lc.ListenPacket(context.WithoutCancel(ctx), o.Network, listenOn(o))
	if err != nil {
		return nil, netaddr.Portable(err)
	}
	return FromPacketConn(c), nil
}
