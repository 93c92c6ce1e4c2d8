package socket

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/netaddr"
	"github.com/anyio-go/anyio/stream"
)

// A TCPConnectable connects to a host each time anew, as DialTCP does. For TLS wrap it
// by tlsstream.NewConnectable.
type TCPConnectable struct {
	// Dialer has the options of each connection.
	Dialer Dialer

	host string
	port int
}

var _ stream.ByteStreamConnectable = (*TCPConnectable)(nil)

// NewTCPConnectable makes a TCPConnectable. A port that is out of range is an
// *anyio.MisuseError.
func NewTCPConnectable(host string, port int) (*TCPConnectable, error) {
	if err := checkPort("TCP port", port, 1); err != nil {
		return nil, err
	}
	return &TCPConnectable{host: host, port: port}, nil
}

// Host returns the host to connect to.
func (c *TCPConnectable) Host() string { return c.host }

// Port returns the port to connect to.
func (c *TCPConnectable) Port() int { return c.port }

// Connect makes a new connection, a *Stream. Every error but a cancellation is an
// *stream.ConnectError. Cancellation: no connection is left behind.
func (c *TCPConnectable) Connect(ctx context.Context) (stream.ByteStream, error) {
	s, err := c.Dialer.dialTCP(ctx, "TCPConnectable", callSite(), c.host, c.port)
	if err != nil {
		return nil, connectionError(hostPort(c.host, c.port), err)
	}
	return s, nil
}

// A UnixConnectable connects to a UNIX socket each time anew, as DialUnix does.
type UnixConnectable struct{ path string }

var _ stream.ByteStreamConnectable = (*UnixConnectable)(nil)

// NewUnixConnectable makes a UnixConnectable.
func NewUnixConnectable(path string) *UnixConnectable { return &UnixConnectable{path} }

// Path returns the path to connect to.
func (c *UnixConnectable) Path() string { return c.path }

// Connect makes a new connection, a *UnixStream. Every error but a cancellation is an
// *stream.ConnectError. Cancellation: no connection is left behind.
func (c *UnixConnectable) Connect(ctx context.Context) (stream.ByteStream, error) {
	s, err := DialUnix(ctx, c.path)
	if err != nil {
		return nil, connectionError(netaddr.UnixName(c.path), err)
	}
	return s, nil
}

func connectionError(target string, err error) error {
	if errors.Is(err, anyio.ErrCanceled) {
		return err
	}
	return &stream.ConnectError{Target: target, Cause: err}
}

// AsConnectable makes a connectable of a description of what to connect to: a
// stream.ByteStreamConnectable is returned unchanged, a string with a "/" in it (on
// Windows also "\\") or "@" at its beginning is the path of a UNIX socket, another string
// is host:port with a numeric port, as is a netip.AddrPort or a *net.TCPAddr; a
// *net.UnixAddr is a path. Anything else is an *anyio.MisuseError.
func AsConnectable(remote any) (stream.ByteStreamConnectable, error) {
	switch r := remote.(type) {
	case stream.ByteStreamConnectable:
		return r, nil
	case netip.AddrPort:
		return asTCP(r.Addr().String(), int(r.Port()))
	case *net.TCPAddr:
		return asTCP(r.AddrPort().Addr().String(), r.Port)
	case *net.UnixAddr:
		return NewUnixConnectable(r.Name), nil
	case string:
		if isPath(r, os.PathSeparator) {
			return NewUnixConnectable(r), nil
		}
		host, service, err := net.SplitHostPort(r)
		if err != nil {
			return nil, misuse("cannot convert %q to a connectable: %v", r, err)
		}
		port, err := strconv.Atoi(service)
		if err != nil {
			return nil, misuse("cannot convert %q to a connectable: the port is not a number", r)
		}
		return asTCP(host, port)
	}
	return nil, misuse("cannot convert %T to a connectable: expected a connectable, host:port or the path of a UNIX socket", remote)
}

// isPath tells the path of a UNIX socket from host:port.
func isPath(s string, separator rune) bool {
	return netaddr.IsAbstract(s) || strings.ContainsRune(s, '/') || strings.ContainsRune(s, separator)
}

func asTCP(host string, port int) (stream.ByteStreamConnectable, error) {
	c, err := NewTCPConnectable(host, port)
	if err != nil {
		return nil, err
	}
	return c, nil
}
