//go:build unix

package netconn

import (
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/anyio-go/anyio/internal/kernel"
)

type rawListener interface{ syscall.Conn }

// control sets the options that a socket must have before it is bound, nil if there
// are none.
func control(o kernel.SocketOptions) func(network, address string, c syscall.RawConn) error {
	listens := o.Remote == (kernel.Addr{})
	if !o.ReusePort && !listens || strings.HasPrefix(o.Network, "unix") {
		return nil
	}
	return func(network, _ string, c syscall.RawConn) error {
		return withFD(c, func(fd int) error {
			if o.ReusePort {
				if err := unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil {
					return err
				}
			}
			if listens && strings.HasSuffix(network, "6") {
				only := 0
				if o.V6Only {
					only = 1
				}
				return unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only)
			}
			return nil
		})
	}
}

// setBacklog calls listen(2) again, which changes the length of the queue.
func setBacklog(l rawListener, n int) error {
	c, err := l.SyscallConn()
	if err != nil {
		return err
	}
	return withFD(c, func(fd int) error { return unix.Listen(fd, n) })
}

func withFD(c syscall.RawConn, f func(fd int) error) error {
	var err error
	if e := c.Control(func(fd uintptr) { err = f(int(fd)) }); e != nil {
		return e
	}
	return err
}
