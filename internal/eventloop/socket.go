//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"os"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

// kindOf is the kind of socket that options ask for.
func kindOf(o kernel.SocketOptions) *kind {
	switch {
	case o.Network == "unix":
		return kindUnix
	case o.Network == "unixgram":
		return kindUnixgram
	case strings.HasPrefix(o.Network, "udp"):
		return kindUDP
	}
	return kindTCP
}

// familyOf is the address family that options ask for, where ip decides what the
// network's name leaves open.
func familyOf(o kernel.SocketOptions, ip kernel.Addr) int {
	switch {
	case strings.HasPrefix(o.Network, "unix"):
		return unix.AF_UNIX
	case strings.HasSuffix(o.Network, "4"):
		return unix.AF_INET
	case strings.HasSuffix(o.Network, "6"):
		return unix.AF_INET6
	case ip.IP.Addr().Unmap().Is4():
		return unix.AF_INET
	}
	return unix.AF_INET6
}

// socket makes a socket that is neither bound nor connected. It is in use, so that
// the end of the run does not close it half made: the caller releases it.
func (n *network) socket(o kernel.SocketOptions, family int) (*descriptor, error) {
	k, sotype := kindOf(o), unix.SOCK_STREAM
	if k == kindUDP || k == kindUnixgram {
		sotype = unix.SOCK_DGRAM
	}
	fd, err := newSocket(family, sotype)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	f, err := n.open(fd, k)
	if err != nil {
		return nil, err
	}
	f.family = int32(family)
	if !f.use() {
		return nil, errClosed
	}
	switch k {
	case kindTCP:
		err = setOption(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
		for i := 0; i < len(keepAlive) && err == nil; i++ {
			err = setOption(fd, keepAlive[i].level, keepAlive[i].name, keepAlive[i].value)
		}
	case kindUDP:
		err = setOption(fd, unix.SOL_SOCKET, unix.SO_BROADCAST, 1)
	}
	if err == nil && o.ReusePort && family != unix.AF_UNIX {
		err = setOption(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
	}
	if err != nil {
		f.close()
		f.release()
		return nil, err
	}
	return f, nil
}

// An option is a socket option with its value.
type option struct{ level, name, value int }

func setOption(fd, level, name, value int) error {
	if err := unix.SetsockoptInt(fd, level, name, value); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return nil
}

// bind gives the socket its own address.
func (f *descriptor) bind(a kernel.Addr) error {
	sa, err := sockaddr(a, int(f.family))
	if err == nil {
		err = unix.Bind(f.fd, sa)
	}
	if err != nil {
		return os.NewSyscallError("bind", err)
	}
	return nil
}

// AdoptStream takes over a connected socket.
func (n *network) AdoptStream(ctx context.Context, fd uintptr) (kernel.StreamConn, error) {
	f, err := n.adopt(ctx, fd, kindTCP, kindUnix)
	if err != nil {
		return nil, err
	}
	return newConn(f), nil
}

// AdoptListener takes over a socket that listens.
func (n *network) AdoptListener(ctx context.Context, fd uintptr) (kernel.StreamListener, error) {
	f, err := n.adopt(ctx, fd, kindTCP, kindUnix)
	if err != nil {
		return nil, err
	}
	return newListener(f, 0), nil
}

// AdoptPacket takes over a datagram socket.
func (n *network) AdoptPacket(ctx context.Context, fd uintptr) (kernel.PacketConn, error) {
	f, err := n.adopt(ctx, fd, kindUDP, kindUnixgram)
	if err != nil {
		return nil, err
	}
	return newPacketConn(f), nil
}

func (n *network) adopt(ctx context.Context, fd uintptr, inet, local *kind) (*descriptor, error) {
	if _, err := kernel.Enter(ctx); err != nil {
		unix.Close(int(fd))
		return nil, err
	}
	unix.CloseOnExec(int(fd))
	sa, err := unix.Getsockname(int(fd))
	if err == nil {
		err = unix.SetNonblock(int(fd), true)
	}
	if err != nil {
		unix.Close(int(fd))
		return nil, asOpError("file", inet, kernel.Addr{}, kernel.Addr{}, err)
	}
	k, family := inet, unix.AF_INET6
	switch sa.(type) {
	case *unix.SockaddrInet6:
	case *unix.SockaddrInet4:
		family = unix.AF_INET
	case *unix.SockaddrUnix:
		k, family = local, unix.AF_UNIX
	default:
		k, family = kindOther, unix.AF_UNSPEC
	}
	if k == kindTCP {
		_ = setOption(int(fd), unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	}
	var remote kernel.Addr
	peer, err := unix.Getpeername(int(fd))
	connected := err == nil
	if connected {
		remote = address(peer)
	}
	f, err := n.open(int(fd), k)
	if err != nil {
		return nil, asOpError("file", k, address(sa), remote, err)
	}
	f.family, f.connected = int32(family), connected
	f.lies(nil, address(sa), remote)
	return f, nil
}
