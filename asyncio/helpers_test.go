package asyncio_test

import (
	"os"
	"path/filepath"
	"testing"
)

// socketPath is a path for a UNIX socket, short enough for every system.
func socketPath(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "anyio")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "s")
}
