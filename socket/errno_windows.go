package socket

import (
	"errors"
	"syscall"

	"golang.org/x/sys/windows"
)

// passingHere are the names of package windows for errors after which accepting goes on.
var passingHere = []syscall.Errno{windows.WSAEMFILE, windows.WSAENOBUFS, windows.WSAECONNABORTED, windows.WSAECONNRESET}

// inUse reports whether an address is bound by another socket.
func inUse(err error) bool {
	return errors.Is(err, windows.WSAEADDRINUSE) || errors.Is(err, syscall.EADDRINUSE)
}

// notHere reports whether the machine does not have the address or its family.
func notHere(err error) bool {
	return errors.Is(err, windows.WSAEADDRNOTAVAIL) || errors.Is(err, windows.WSAEAFNOSUPPORT) ||
		errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
