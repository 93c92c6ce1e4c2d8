package socket

import (
	"net"
	"syscall"

	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/stream"
)

// What sockets can tell about themselves, through attr.Get and through every
// wrapper. Addresses are looked up at the time of asking. Ports are those of IP
// sockets only, and what is remote those of connected ones.
var (
	// AttrFamily is the address family.
	AttrFamily = attr.New[AddressFamily]("socket.family")
	// AttrLocalAddr is the address that the socket is bound to: a *net.TCPAddr,
	// *net.UDPAddr or *net.UnixAddr.
	AttrLocalAddr = stream.AttrLocalAddr
	// AttrLocalPort is the port that the socket is bound to.
	AttrLocalPort = attr.New[int]("socket.local_port")
	// AttrRawConn gives access to the descriptor; in the simulator its error matches
	// errors.ErrUnsupported.
	AttrRawConn = attr.New[syscall.RawConn]("socket.raw_conn")
	// AttrRemoteAddr is the address of the other side.
	AttrRemoteAddr = stream.AttrRemoteAddr
	// AttrRemotePort is the port of the other side.
	AttrRemotePort = attr.New[int]("socket.remote_port")
)

// Attributes returns the Attr… of this package that the socket has.
func (e *endpoint) Attributes() attr.Set {
	values := []attr.Value{
		AttrFamily.Func(func() (AddressFamily, error) { return e.family(), nil }),
		AttrLocalAddr.Func(func() (net.Addr, error) { return e.LocalAddr(), nil }),
		AttrRawConn.Func(e.SyscallConn),
	}
	if e.isIP() {
		values = append(values, AttrLocalPort.Func(func() (int, error) { return int(e.conn.LocalAddr().IP.Port()), nil }))
	}
	if e.connected {
		values = append(values, AttrRemoteAddr.Func(func() (net.Addr, error) { return e.RemoteAddr(), nil }))
		if e.isIP() {
			values = append(values, AttrRemotePort.Func(func() (int, error) { return int(e.conn.RemoteAddr().IP.Port()), nil }))
		}
	}
	return attr.NewSet(values...)
}
