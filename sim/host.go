package sim

import (
	"context"
	"net/netip"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/simnet"
)

// HostConfig describes a host.
type HostConfig struct {
	// Addrs are its addresses, besides 127.0.0.1 and ::1. A host that is given none
	// gets an IPv4 address 10.x.x.x and an IPv6 address fd00::x, in the order in
	// which hosts are made.
	Addrs []netip.Addr
}

// AddHost makes a host, whose name resolves to its addresses. A name or an address that
// is taken gives an *anyio.MisuseError. A run begins with one host, "localhost", which is
// that of all code outside RunOnHost.
func (n *Network) AddHost(name string, cfg HostConfig) error {
	_, err := n.n.AddHost(name, simnet.HostConfig(cfg))
	return err
}

// Addrs returns the addresses of a host.
func (n *Network) Addrs(name string) []netip.Addr { return n.n.AddrsOf(name) }

// HostName returns the name of the host that ctx belongs to.
func HostName(ctx context.Context) string { return NetworkOf(ctx).n.HostName(ctx) }

// RunOnHost runs f as a program of a host, which is made if it does not exist: f, and all
// tasks started under the context that it is given, use the sockets, ports and addresses
// of that host. It returns what f returns. Several calls may run on one host at the same
// time.
//
// When the host is killed f is canceled, and what it returns is dropped; RunOnHost then
// waits until the host is restarted, and calls f again. A host that nobody restarts waits
// until ctx is canceled. In code that still runs although its host was killed (cleanup in
// a shielded scope) sockets are closed, and new ones fail with ENETDOWN.
//
// Cancellation: f is canceled, and its error returned.
func RunOnHost(ctx context.Context, name string, f func(ctx context.Context) error) error {
	h, err := NetworkOf(ctx).n.Lookup(name)
	if err != nil {
		return err
	}
	for {
		if err := h.AwaitUp(ctx); err != nil {
			return err
		}
		seat := h.Sit()
		killed := false
		err := anyio.WithCancelScope(seat.Under(ctx), func(ctx context.Context, scope *anyio.CancelScope) error {
			seat.Begin(scope.Cancel)
			defer func() { killed = seat.End() }()
			return f(ctx)
		})
		if !killed {
			return err
		}
	}
}

// Kill ends the programs of a host, as if they had crashed: their tasks are canceled,
// their sockets are gone, and their TCP connections reset. The host goes on answering
// that nobody listens. Code outside RunOnHost is not canceled when "localhost" is killed,
// but loses its sockets. To kill a dead host does nothing.
func (n *Network) Kill(host, reason string) { n.n.Kill(host, reason, false) }

// PowerOff is like Kill but the host falls silent: nobody is told, and what is sent to
// the host is lost until Restart. Its peers find out when they send and get no answer,
// after a quarter of an hour (ETIMEDOUT), or when it is back (ECONNRESET).
func (n *Network) PowerOff(host, reason string) { n.n.Kill(host, reason, true) }

// Restart brings a killed host back: its functions (see RunOnHost) are called again. The
// files of its UNIX sockets are still there. It does nothing to a host that is up.
func (n *Network) Restart(host string) { n.n.Restart(host) }
