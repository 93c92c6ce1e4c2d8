//go:build unix

package inspect

import (
	"errors"
	"os"
	"strconv"
	"syscall"
)

func userName() string { return strconv.Itoa(os.Getuid()) }

// notOurs says why a folder may not be trusted, "" if it may.
func notOurs(info os.FileInfo) string {
	st, ok := info.Sys().(*syscall.Stat_t)
	switch {
	case !info.IsDir():
		return "is none"
	case !ok || int(st.Uid) != os.Getuid():
		return "belongs to another user"
	case info.Mode().Perm()&0o077 != 0:
		return "may be entered by others"
	}
	return ""
}

// refused reports that nobody listens at a socket.
func refused(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }
