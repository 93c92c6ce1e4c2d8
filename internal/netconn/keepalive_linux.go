package netconn

import (
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// A keepAlive gives a listener the options by which package net finds out that the other
// host is gone. Its connections have them from the start, and the four system calls for
// each are spared.
type keepAlive struct {
	refused   bool // the listener does not have them
	multipath bool // it is one for Multipath TCP, of whose connections nobody promises that they inherit all
}

// keepAliveOptions are those of package net.
var keepAliveOptions = [...]struct{ level, name, value int }{
	{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
	{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
	{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
	{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9},
}

// inherit lets the listener that lc makes have the options before it listens.
func (k *keepAlive) inherit(lc *net.ListenConfig) {
	lc.KeepAlive = -1
	control := lc.Control
	lc.Control = func(network, address string, c syscall.RawConn) error {
		err := withFD(c, func(fd int) error {
			protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
			k.multipath = err != nil || protocol != unix.IPPROTO_TCP
			for i := 0; i < len(keepAliveOptions) && err == nil; i++ {
				o := &keepAliveOptions[i]
				err = unix.SetsockoptInt(fd, o.level, o.name, o.value)
			}
			k.refused = err != nil
			return nil
		})
		if err != nil || control == nil {
			return err
		}
		return control(network, address, c)
	}
}

// see sets the options of a connection that may not have inherited them.
func (k *keepAlive) see(c net.Conn) {
	if !k.refused && !k.multipath {
		return
	}
	tcp, ok := c.(*net.TCPConn)
	if !ok {
		return
	}
	if !k.refused {
		if multipath, err := tcp.MultipathTCP(); err == nil && !multipath {
			return
		}
	}
	_ = tcp.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true}) // fails if the connection is gone
}
