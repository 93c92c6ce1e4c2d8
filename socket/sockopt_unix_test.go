//go:build unix

package socket_test

import (
	"context"
	"net"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// sockopt reads an option of a socket.
func sockopt(t *testing.T, c syscall.Conn, level, name int) (value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	testkit.Must(t, err)
	var inner error
	testkit.Must(t, raw.Control(func(fd uintptr) { value, inner = syscall.GetsockoptInt(int(fd), level, name) }))
	testkit.Must(t, inner)
	return value
}

// Listeners and UDP sockets give their descriptors as streams do.
func TestOptionsOfListenersAndUDPSocketsAreRead(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		closing(t, ctx, l)
		if got := sockopt(t, l, syscall.SOL_SOCKET, syscall.SO_TYPE); got != syscall.SOCK_STREAM {
			t.Errorf("a listener has the type %d", got)
		}
		u, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		if got := sockopt(t, u, syscall.SOL_SOCKET, syscall.SO_TYPE); got != syscall.SOCK_DGRAM {
			t.Errorf("a UDP socket has the type %d", got)
		}
		if a, ok := u.LocalAddr().(*net.UDPAddr); !ok || a.Port == 0 || !a.IP.IsLoopback() {
			t.Errorf("its address is %v", u.LocalAddr())
		}
		testkit.Must(t, u.Close(ctx))
	}, anyiotest.Skip("sim", "simulated sockets have no options"))
}
