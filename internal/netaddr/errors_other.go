//go:build !windows

package netaddr

import "syscall"

// posixErrors is empty: the numbers of the system are those of package syscall.
var posixErrors map[syscall.Errno]syscall.Errno
