package asyncio_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// socketPath is a path for a UNIX socket, short enough for every system. Where there are
// none the test is skipped.
func socketPath(t *testing.T) string {
	t.Helper()
	testkit.NeedUnix(t)
	return newPath(t)
}

// gramPath is socketPath for datagrams.
func gramPath(t *testing.T) string {
	t.Helper()
	testkit.NeedUnixgram(t)
	return newPath(t)
}

// needSharedPorts skips a test where ports cannot be shared.
func needSharedPorts(t *testing.T) {
	t.Helper()
	u, err := socket.ListenConfig{ReusePort: true}.ListenUDP(context.Background(), "127.0.0.1", 0)
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOPROTOOPT) {
		t.Skip("no shared ports here:", err)
	}
	if err == nil {
		_ = u.Close(context.Background())
	}
}

func newPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "anyio")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}
