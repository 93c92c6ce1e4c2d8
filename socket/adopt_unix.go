//go:build unix

package socket

import (
	"fmt"
	"syscall"

	"golang.org/x/sys/unix"
)

// check looks at a descriptor from outside.
func (w wanted) check(fd uintptr) error {
	kind, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_TYPE)
	if err != nil {
		return misuse("%s: the descriptor does not refer to a socket (%v)", w.function, err)
	}
	want := unix.SOCK_DGRAM
	if w.stream {
		want = unix.SOCK_STREAM
	}
	if kind != want {
		return misuse("%s: socket type mismatch: expected %s, got %s", w.function, kindName(want), kindName(kind))
	}
	local, err := unix.Getsockname(int(fd))
	if err != nil {
		return fmt.Errorf("%s: %w", w.function, err)
	}
	family, bound := describe(local)
	switch {
	case w.family != Unspecified && family != w.family:
		return misuse("%s: address family mismatch: expected %v, got %v", w.function, w.family, family)
	case w.ip && family != IPv4 && family != IPv6 || family == Unspecified:
		return misuse("%s: address family mismatch: expected AF_INET or AF_INET6, got %v", w.function, family)
	case w.bound && !bound:
		return misuse("%s: the socket must be bound to a local address", w.function)
	}
	if w.connected {
		if _, err := unix.Getpeername(int(fd)); err != nil {
			return misuse("%s: the socket must be connected (%v)", w.function, err)
		}
	}
	if w.listening {
		if on, err := unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_ACCEPTCONN); err == nil && on == 0 {
			return misuse("%s: the socket must listen for connections", w.function)
		}
	}
	return nil
}

func describe(a unix.Sockaddr) (f AddressFamily, bound bool) {
	switch a := a.(type) {
	case *unix.SockaddrInet4:
		return IPv4, a.Port != 0
	case *unix.SockaddrInet6:
		return IPv6, a.Port != 0
	case *unix.SockaddrUnix:
		return Unix, a.Name != ""
	}
	return Unspecified, false
}

func kindName(kind int) string {
	switch kind {
	case unix.SOCK_STREAM:
		return "SOCK_STREAM"
	case unix.SOCK_DGRAM:
		return "SOCK_DGRAM"
	case unix.SOCK_SEQPACKET:
		return "SOCK_SEQPACKET"
	case unix.SOCK_RAW:
		return "SOCK_RAW"
	}
	return fmt.Sprint("socket type ", kind)
}

// dupFD duplicates a descriptor, for this process alone.
func dupFD(fd uintptr) (uintptr, error) {
	dup, err := unix.FcntlInt(fd, syscall.F_DUPFD_CLOEXEC, 0)
	return uintptr(dup), err
}
