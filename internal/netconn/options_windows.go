package netconn

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"golang.org/x/sys/windows"

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
		if o.ReusePort {
			return fmt.Errorf("reusing a port on Windows: %w", errors.ErrUnsupported)
		}
		if !strings.HasSuffix(network, "6") {
			return nil
		}
		only := 0
		if o.V6Only {
			only = 1
		}
		var err error
		if e := c.Control(func(fd uintptr) {
			err = windows.SetsockoptInt(windows.Handle(fd), windows.IPPROTO_IPV6, windows.IPV6_V6ONLY, only)
		}); e != nil {
			return e
		}
		return err
	}
}

// setBacklog does nothing: Windows ignores a second listen.
func setBacklog(rawListener, int) error { return nil }
