package nettry

import (
	"net/netip"
	"reflect"

	"golang.org/x/sys/windows"

	"github.com/anyio-go/anyio/internal/kernel"
)

// The names that package net gives the system calls in its errors.
const (
	callRead     = "wsarecv"
	callWrite    = "wsasend"
	callReadFrom = "wsarecvfrom"
	callWriteTo  = "wsasendto"
)

const fionbio = 0x8004667e

var sizeofSockaddr = int32(reflect.TypeFor[windows.RawSockaddrAny]().Size())

// prepare makes a socket non-blocking. That is for calls that are made without an
// overlapped structure: package net's have one.
func prepare(fd uintptr) error {
	on, n := [4]byte{1}, uint32(0)
	return windows.WSAIoctl(windows.Handle(fd), fionbio, &on[0], uint32(len(on)), nil, 0, &n, nil, 0)
}

func prepareFile(uintptr) {}

// untilReadable is for the Read of a syscall.RawConn, which waits between two calls.
func untilReadable() func(fd uintptr) bool {
	waited := false
	return func(uintptr) bool {
		was := waited
		waited = true
		return was
	}
}

func again(err error) bool { return err == windows.WSAEWOULDBLOCK }

// isCut reports whether a datagram was too long, which is no error on other systems.
func isCut(err error) bool { return err == windows.WSAEMSGSIZE }

func bufferOf(p []byte) *windows.WSABuf {
	b := &windows.WSABuf{Len: uint32(len(p))}
	if len(p) > 0 {
		b.Buf = &p[0]
	}
	return b
}

// recv and its kin do not block.
func recv(fd uintptr, p []byte) (int, error) {
	var n, flags uint32
	err := windows.WSARecv(windows.Handle(fd), bufferOf(p), 1, &n, &flags, nil, nil)
	return int(n), err
}

func send(fd uintptr, p []byte) (int, error) {
	var n uint32
	err := windows.WSASend(windows.Handle(fd), bufferOf(p), 1, &n, 0, nil, nil)
	return int(n), err
}

func recvFrom(fd uintptr, p []byte) (int, kernel.Addr, error) {
	var n, flags uint32
	var from windows.RawSockaddrAny
	size := sizeofSockaddr
	err := windows.WSARecvFrom(windows.Handle(fd), bufferOf(p), 1, &n, &flags, &from, &size, nil, nil)
	if err != nil && !isCut(err) {
		return 0, kernel.Addr{}, err
	}
	sa, _ := from.Sockaddr() // of another family: as if it had none
	switch sa := sa.(type) {
	case *windows.SockaddrInet4:
		return int(n), kernel.Addr{IP: netip.AddrPortFrom(netip.AddrFrom4(sa.Addr), uint16(sa.Port))}, err
	case *windows.SockaddrInet6:
		return int(n), inet6(sa.Addr, sa.Port, sa.ZoneId), err
	}
	return int(n), kernel.Addr{}, err
}

func sendTo(fd uintptr, p []byte, to kernel.Addr, four bool) error {
	sa, err := sockaddr(to, four)
	if err != nil {
		return err
	}
	var n uint32
	return windows.WSASendto(windows.Handle(fd), bufferOf(p), 1, &n, 0, sa, nil, nil)
}

func sockaddr(to kernel.Addr, four bool) (windows.Sockaddr, error) {
	switch ip, port := to.IP.Addr().Unmap(), int(to.IP.Port()); {
	case !ip.IsValid():
		return nil, errNoAddress
	case four && ip.Is4():
		return &windows.SockaddrInet4{Port: port, Addr: ip.As4()}, nil
	case four:
		return nil, windows.WSAEAFNOSUPPORT
	default:
		return &windows.SockaddrInet6{Port: port, Addr: ip.As16(), ZoneId: zoneID(to.IP.Addr())}, nil
	}
}
