//go:build unix

package nettry

import (
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// The names that package net gives the system calls in its errors.
const (
	callRead     = "read"
	callWrite    = "write"
	callReadFrom = "recvfrom"
	callWriteTo  = "sendto"
)

// prepare has nothing to do: package net's sockets are non-blocking.
func prepare(uintptr) error { return nil }

func prepareFile(fd uintptr) {
	unix.CloseOnExec(int(fd))
	_ = unix.SetNonblock(int(fd), true) // else it cannot be interrupted
}

// untilReadable is for the Read of a syscall.RawConn.
func untilReadable() func(fd uintptr) bool {
	return func(fd uintptr) bool {
		fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		n, err := unix.Poll(fds, 0)
		return n != 0 && err != unix.EINTR
	}
}

func again(err error) bool { return err == unix.EAGAIN }

// isCut reports whether a datagram was too long, which is no error here.
func isCut(error) bool { return false }

// recv and its kin do not block.
func recv(fd uintptr, p []byte) (int, error) {
	return retry(func() (int, error) { return unix.Read(int(fd), p) })
}

func send(fd uintptr, p []byte) (int, error) {
	return retry(func() (int, error) { return unix.Write(int(fd), p) })
}

func recvFrom(fd uintptr, p []byte) (int, kernel.Addr, error) {
	var from unix.Sockaddr
	n, err := retry(func() (n int, err error) {
		n, from, err = unix.Recvfrom(int(fd), p, 0)
		return n, err
	})
	return n, addressOf(from), err
}

func addressOf(sa unix.Sockaddr) kernel.Addr {
	switch sa := sa.(type) {
	case *unix.SockaddrUnix:
		return kernel.Addr{Path: sa.Name}
	case *unix.SockaddrInet4:
		return kernel.Addr{IP: netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))}
	case *unix.SockaddrInet6:
		return inet6(sa.Addr, sa.Port, sa.ZoneId)
	}
	return kernel.Addr{}
}

func sendTo(fd uintptr, p []byte, to kernel.Addr, four bool) error {
	sa, err := sockaddr(to, four)
	if err != nil {
		return err
	}
	_, err = retry(func() (int, error) { return 0, unix.Sendto(int(fd), p, 0, sa) })
	return err
}

func sockaddr(to kernel.Addr, four bool) (unix.Sockaddr, error) {
	switch ip, port := to.IP.Addr().Unmap(), int(to.IP.Port()); {
	case to.Path != "":
		return &unix.SockaddrUnix{Name: netaddr.UnixName(to.Path)}, nil
	case !ip.IsValid():
		return nil, errNoAddress
	case four && ip.Is4():
		return &unix.SockaddrInet4{Port: port, Addr: ip.As4()}, nil
	case four:
		return nil, syscall.EAFNOSUPPORT
	default:
		return &unix.SockaddrInet6{Port: port, Addr: ip.As16(), ZoneId: zoneID(to.IP.Addr())}, nil
	}
}

// retry makes a system call until no signal comes in between.
func retry(f func() (int, error)) (int, error) {
	for {
		n, err := f()
		if err != unix.EINTR {
			return max(n, 0), err
		}
	}
}
