package socket

import (
	"context"
	"io/fs"
	"net"
	"time"
)

// A Dialer has options for connecting. The zero value connects as the functions of the
// same names do. It may be used by several tasks at once. A field that has no meaning
// for what is made is not looked at.
type Dialer struct {
	// LocalHost is the host name or address to connect from, "" for any.
	LocalHost string
	// LocalPort is the port to connect from, with or without a LocalHost; 0 lets the
	// system choose.
	LocalPort int
	// Family restricts addresses to IPv4 or IPv6.
	Family AddressFamily
	// AttemptDelay is how long DialTCP waits for one address to answer before it tries
	// the next one as well: 0 is 250 ms. With a negative one all are tried at once, with
	// anyio.Forever the next one when the one before has failed.
	AttemptDelay time.Duration
	// ResolutionDelay is how long DialTCP, when it knows the IPv4 addresses of a host,
	// waits for the IPv6 ones, which it prefers: 0 is 50 ms, a negative one not at all,
	// and anyio.Forever until their lookup has ended.
	ResolutionDelay time.Duration
	// ReusePort lets several UDP sockets be bound to one port, between which the system
	// distributes datagrams.
	ReusePort bool
	// LocalPath is the path that DialUnixgram binds its socket to. A socket that is there
	// already is removed first; a file of another kind is an error.
	LocalPath string
	// Mode is the permissions of the file at LocalPath, 0 for those that the system
	// gives.
	Mode fs.FileMode
}

func (d Dialer) options() options {
	o := options{localHost: d.LocalHost, localPort: d.LocalPort, family: d.Family, attemptDelay: d.AttemptDelay, resolutionDelay: d.ResolutionDelay, reusePort: d.ReusePort}
	if o.attemptDelay == 0 {
		o.attemptDelay = 250 * time.Millisecond
	}
	if o.resolutionDelay == 0 {
		o.resolutionDelay = 50 * time.Millisecond
	}
	return o
}

func (d Dialer) unixOptions() options { return options{localPath: d.LocalPath, mode: d.Mode} }

// DialTCP connects as the function DialTCP does. Cancellation: no connection is left
// behind.
func (d Dialer) DialTCP(ctx context.Context, host string, port int) (*Stream, error) {
	return d.dialTCP(ctx, "DialTCP", callSite(), host, port)
}

// Dial connects as the function Dial does; the Family is that of the network.
// Cancellation: no connection is left behind.
func (d Dialer) Dial(ctx context.Context, network, address string) (*Stream, error) {
	return d.dial(ctx, callSite(), network, address)
}

func (d Dialer) dial(ctx context.Context, pc uintptr, network, address string) (*Stream, error) {
	if network == "unix" {
		c, err := dialUnix(ctx, address)
		if err != nil {
			return nil, err
		}
		return newStream(c, pc), nil
	}
	family, ok := tcpFamily(network)
	if !ok {
		return nil, net.UnknownNetworkError(network)
	}
	host, port, err := splitHostPort(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	d.Family = family
	return d.dialTCP(ctx, "Dial", pc, host, port)
}

// DialUDP makes a socket as the function DialUDP does. Cancellation: no socket is made.
func (d Dialer) DialUDP(ctx context.Context, host string, port int) (*ConnectedUDPSocket, error) {
	return dialUDP(ctx, callSite(), host, port, d.options())
}

// DialUnixgram makes a socket as the function DialUnixgram does. Cancellation: nothing
// has happened.
func (d Dialer) DialUnixgram(ctx context.Context, path string) (*ConnectedUnixgramSocket, error) {
	return dialUnixgram(ctx, callSite(), path, d.unixOptions())
}
