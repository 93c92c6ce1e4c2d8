package netaddr

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// posixErrors are the errors of Windows Sockets by which package net tells what went
// wrong, and the numbers that package syscall has made up for them.
var posixErrors = map[syscall.Errno]syscall.Errno{
	windows.WSAEACCES:          syscall.EACCES,
	windows.WSAEADDRINUSE:      syscall.EADDRINUSE,
	windows.WSAEADDRNOTAVAIL:   syscall.EADDRNOTAVAIL,
	windows.WSAEAFNOSUPPORT:    syscall.EAFNOSUPPORT,
	windows.WSAECONNABORTED:    syscall.ECONNABORTED,
	windows.WSAECONNREFUSED:    syscall.ECONNREFUSED,
	windows.WSAECONNRESET:      syscall.ECONNRESET,
	windows.WSAEHOSTDOWN:       syscall.EHOSTDOWN,
	windows.WSAEHOSTUNREACH:    syscall.EHOSTUNREACH,
	windows.WSAEMFILE:          syscall.EMFILE,
	windows.WSAEMSGSIZE:        syscall.EMSGSIZE,
	windows.WSAENETDOWN:        syscall.ENETDOWN,
	windows.WSAENETUNREACH:     syscall.ENETUNREACH,
	windows.WSAENOBUFS:         syscall.ENOBUFS,
	windows.WSAENOTCONN:        syscall.ENOTCONN,
	windows.WSAESHUTDOWN:       syscall.EPIPE,
	windows.WSAETIMEDOUT:       syscall.ETIMEDOUT,
	syscall.ERROR_BROKEN_PIPE:  syscall.EPIPE,
	windows.WSAEPROTOTYPE:      syscall.EPROTOTYPE,
	windows.WSAEPFNOSUPPORT:    syscall.EPFNOSUPPORT,
	windows.WSAEINPROGRESS:     syscall.EINPROGRESS,
	windows.WSAEDESTADDRREQ:    syscall.EDESTADDRREQ,
	windows.WSAEISCONN:         syscall.EISCONN,
	windows.WSAENOTSOCK:        syscall.ENOTSOCK,
	windows.WSAENOPROTOOPT:     syscall.ENOPROTOOPT,
	windows.WSAEPROTONOSUPPORT: syscall.EPROTONOSUPPORT,
}
