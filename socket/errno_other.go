//go:build !windows

package socket

import (
	"errors"
	"syscall"
)

// passingHere are errors of this system after which accepting goes on.
var passingHere []syscall.Errno

// inUse reports whether an address is bound by another socket.
func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// notHere reports whether the machine does not have the address or its family.
func notHere(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
