package socket_test

import (
	"syscall"
	"testing"
)

// sockopt is for tests that are skipped here.
func sockopt(t *testing.T, _ syscall.Conn, _, _ int) int {
	t.Helper()
	t.Fatal("options are not read on Windows")
	return 0
}
