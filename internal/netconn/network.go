package netconn

import (
	"context"
	"net"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Network is a kernel.Network over package net. It has no state: whose task a call
// comes from decides how it waits.
type Network struct{}

var _ kernel.Network = Network{}

// interrupter cancels the context of a call.
type interrupter struct{ cancel context.CancelFunc }

func (i interrupter) Interrupt() { i.cancel() }

// withContext makes a call that obeys a context, which is ended when p is canceled.
func withContext(ctx context.Context, p kernel.Place, op kernel.Op, call func(context.Context) error) error {
	own, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	var s side // which nobody closes
	_, canceled := s.block(p, op, interrupter{cancel}, func() error { return call(own) })
	return canceled
}

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
	var c net.Conn
	canceled := withContext(ctx, p, kernel.OpsOfNetwork(o.Network).Dial, func(own context.Context) error {
		c, err = d.DialContext(own, o.Network, dialTo(o))
		return err
	})
	switch {
	case c != nil:
		return c, nil
	case canceled != nil:
		return nil, canceled
	}
	return nil, p.CanceledOr(portable(err))
}

// dialFrom is the local address of a dialer, nil to let the system choose.
func dialFrom(o kernel.SocketOptions) net.Addr {
	if strings.HasPrefix(o.Network, "unix") {
		if a := unixAddr(o.Network, o.Local); a != nil {
			return a
		}
		return nil
	}
	ip := localIP(o.Network, o.Local)
	switch {
	case !ip.IsValid():
		return nil
	case strings.HasPrefix(o.Network, "udp"):
		return net.UDPAddrFromAddrPort(ip)
	default:
		return net.TCPAddrFromAddrPort(ip)
	}
}

func dialTo(o kernel.SocketOptions) string {
	if strings.HasPrefix(o.Network, "unix") {
		if a := unixAddr(o.Network, o.Remote); a != nil {
			return a.Name
		}
		return ""
	}
	return o.Remote.IP.String()
}

// ListenStream makes a stream socket that accepts. The file of a UNIX socket is
// not removed by Close.
func (Network) ListenStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamListener, error) {
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	lc := net.ListenConfig{Control: control(o)}
	l, err := lc.Listen(context.WithoutCancel(ctx), o.Network, listenText(o.Network, o.Local))
	if err != nil {
		return nil, portable(err)
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
	if o.Network == "unixgram" && o.Local.Path == "" {
		return unnamedUnixgram()
	}
	lc := net.ListenConfig{Control: control(o)}
	c, err := lc.ListenPacket(context.WithoutCancel(ctx), o.Network, listenText(o.Network, o.Local))
	if err != nil {
		return nil, portable(err)
	}
	return FromPacketConn(c), nil
}
