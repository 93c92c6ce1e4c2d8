package netconn_test

import (
	"context"
	"net"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
	"golang.org/x/sys/unix"
)

// Connections have the options that package net gives to its own, also if they use
// Multipath TCP, where the system has it.
func TestAcceptedConnectionsHaveTheOptionsOfPackageNet(t *testing.T) {
	options := map[string]struct{ level, name int }{
		"SO_KEEPALIVE":  {unix.SOL_SOCKET, unix.SO_KEEPALIVE},
		"TCP_KEEPIDLE":  {unix.IPPROTO_TCP, unix.TCP_KEEPIDLE},
		"TCP_KEEPINTVL": {unix.IPPROTO_TCP, unix.TCP_KEEPINTVL},
		"TCP_KEEPCNT":   {unix.IPPROTO_TCP, unix.TCP_KEEPCNT},
		"TCP_NODELAY":   {unix.IPPROTO_TCP, unix.TCP_NODELAY},
	}
	run(t, func(t *testing.T, ctx context.Context) {
		for _, multipath := range []bool{false, true} {
			dialer := net.Dialer{}
			dialer.SetMultipathTCP(multipath)
			theirs, err := net.Listen("tcp4", "127.0.0.1:0")
			testkit.Must(t, err)
			defer theirs.Close()
			peer, err := dialer.DialContext(ctx, "tcp4", theirs.Addr().String())
			testkit.Must(t, err)
			defer peer.Close()
			their, err := theirs.Accept()
			testkit.Must(t, err)
			defer their.Close()
			ours := listenTCP(t, ctx)
			peer, err = dialer.DialContext(ctx, "tcp4", ours.LocalAddr().IP.String())
			testkit.Must(t, err)
			defer peer.Close()
			our, err := ours.Accept(ctx)
			testkit.Must(t, err)
			defer our.Close()
			for name, o := range options {
				want, got := option(t, their.(*net.TCPConn), o.level, o.name), option(t, our, o.level, o.name)
				if got != want {
					t.Errorf("multipath %t: %s is %d, of package net %d", multipath, name, got, want)
				}
			}
		}
	})
}

// option is -1 if the connection does not have it.
func option(t *testing.T, c syscall.Conn, level, name int) (v int) {
	t.Helper()
	raw, err := c.SyscallConn()
	testkit.Must(t, err)
	testkit.Must(t, raw.Control(func(fd uintptr) {
		if v, err = unix.GetsockoptInt(int(fd), level, name); err != nil {
			v = -1
		}
	}))
	return v
}
