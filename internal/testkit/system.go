package testkit

import (
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// NeedUnix skips a test where there are no UNIX sockets: some versions of Windows have none.
func NeedUnix(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "windows" {
		return
	}
	dir, err := os.MkdirTemp("", "u") // whose name is short
	Must(t, err)
	defer os.RemoveAll(dir)
	l, err := net.Listen("unix", filepath.Join(dir, "s"))
	if err != nil {
		t.Skip("no UNIX sockets here:", err)
	}
	Must(t, l.Close())
}

// NeedUnixgram skips a test where there are no UNIX datagrams, as on Windows.
func NeedUnixgram(t testing.TB) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows has no UNIX datagrams")
	}
}

// NeedSymlinks skips a test where this process can make no symbolic links: on Windows that
// takes a privilege.
func NeedSymlinks(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "windows" {
		return
	}
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink("target", link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	if _, err := os.Readlink(link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
}
