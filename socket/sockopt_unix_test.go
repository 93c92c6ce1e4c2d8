//go:build unix

package socket_test

import (
	"syscall"
	"testing"
)

// sockopt reads an option of a socket.
func sockopt(t *testing.T, c syscall.Conn, level, name int) (value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	must(t, err)
	var inner error
	must(t, raw.Control(func(fd uintptr) { value, inner = syscall.GetsockoptInt(int(fd), level, name) }))
	must(t, inner)
	return value
}
