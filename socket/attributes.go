package socket

import (
	"net"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// What sockets can tell about themselves, through anyio.Extra and through every
// wrapper. Addresses are looked up at the time of asking. Ports are those of IP
// sockets only, and what is remote those of connected ones.
var (
	// AttrFamily is the address family.
	AttrFamily = anyio.NewAttribute[AddressFamily]("socket.family")
	// AttrLocalAddr is the address that the socket is bound to: a *net.TCPAddr,
	// *net.UDPAddr or *net.UnixAddr.
	AttrLocalAddr = stream.AttrLocalAddr
	// AttrLocalPort is the port that the socket is bound to.
	AttrLocalPort = anyio.NewAttribute[int]("socket.local_port")
	// AttrRawConn gives access to the descriptor; in the simulator its error matches
	// errors.ErrUnsupported.
	AttrRawConn = anyio.NewAttribute[syscall.RawConn]("socket.raw_conn")
	// AttrRemoteAddr is the address of the other side.
	AttrRemoteAddr = stream.AttrRemoteAddr
	// AttrRemotePort is the port of the other side.
	AttrRemotePort = anyio.NewAttribute[int]("socket.remote_port")
)

// ExtraAttributes returns the Attr… of this package that the socket has.
func (e *endpoint) ExtraAttributes() anyio.Attributes {
	values := []anyio.AttributeValue{
		AttrFamily.From(func() (AddressFamily, error) { return e.family(), nil }),
		AttrLocalAddr.From(func() (net.Addr, error) { return e.LocalAddr(), nil }),
		AttrRawConn.From(e.SyscallConn),
	}
	if e.isIP() {
		values = append(values, AttrLocalPort.From(func() (int, error) { return int(e.conn.LocalAddr().IP.Port()), nil }))
	}
	if e.connected {
		values = append(values, AttrRemoteAddr.From(func() (net.Addr, error) { return e.RemoteAddr(), nil }))
		if e.isIP() {
			values = append(values, AttrRemotePort.From(func() (int, error) { return int(e.conn.RemoteAddr().IP.Port()), nil }))
		}
	}
	return anyio.NewAttributes(values...)
}
