package eventloop

import (
	"net/netip"
	"syscall"
	"unsafe"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/sysio"
	"golang.org/x/sys/unix"
)

// A short read empties a TCP socket unless poll.Desc.KeepReading says otherwise.
const trustShortReads = true

// recv and send move bytes without blocking.
func recv(fd int, p []byte) (int, syscall.Errno) { return sysio.Recv(fd, p) }
func send(fd int, p []byte) (int, syscall.Errno) { return sysio.Send(fd, p) }

// recvFrom receives a datagram and whom it is from.
func recvFrom(fd int, p []byte) (int, kernel.Addr, syscall.Errno) {
	var sa unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(sa))
	n, _, errno := unix.RawSyscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), 0,
		uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)))
	if errno != 0 {
		return 0, kernel.Addr{}, errno
	}
	race.WriteRange(p[:n])
	return int(n), rawAddress(&sa, size), 0
}

// sendTo sends a datagram.
func sendTo(fd int, p []byte, to kernel.Addr, family int) syscall.Errno {
	race.ReadRange(p)
	if family == unix.AF_UNIX || to.IP.Addr().Zone() != "" {
		sa, err := sockaddr(to, family)
		if err != nil {
			return code(err)
		}
		return code(unix.Sendto(fd, p, unix.MSG_NOSIGNAL, sa))
	}
	var in4 unix.RawSockaddrInet4
	var in6 unix.RawSockaddrInet6
	ip, port := to.IP.Addr().Unmap(), to.IP.Port()
	var where unsafe.Pointer
	var size uintptr
	switch {
	case family == unix.AF_INET6 && ip.IsValid():
		in6.Family, in6.Addr = unix.AF_INET6, ip.As16()
		bigEndian(&in6.Port, port)
		where, size = unsafe.Pointer(&in6), unsafe.Sizeof(in6)
	case family == unix.AF_INET && ip.Is4():
		in4.Family, in4.Addr = unix.AF_INET, ip.As4()
		bigEndian(&in4.Port, port)
		where, size = unsafe.Pointer(&in4), unsafe.Sizeof(in4)
	default:
		return unix.EAFNOSUPPORT
	}
	_, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_NOSIGNAL,
		uintptr(where), size)
	return errno
}

// accept takes a connection without blocking.
func accept(fd int) (int, kernel.Addr, syscall.Errno) {
	var sa unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(sa))
	n, _, errno := unix.RawSyscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size)),
		unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0, 0)
	if errno != 0 {
		return -1, kernel.Addr{}, errno
	}
	return int(n), rawAddress(&sa, size), 0
}

// localAddress is what a socket is bound to.
func localAddress(fd int) kernel.Addr {
	var sa unix.RawSockaddrAny
	size := uint32(unsafe.Sizeof(sa))
	if _, _, errno := unix.RawSyscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(unsafe.Pointer(&sa)), uintptr(unsafe.Pointer(&size))); errno != 0 {
		return kernel.Addr{}
	}
	return rawAddress(&sa, size)
}

// rawAddress reads an address that the system has written.
func rawAddress(sa *unix.RawSockaddrAny, size uint32) kernel.Addr {
	switch {
	case sa.Addr.Family == unix.AF_INET && size >= unix.SizeofSockaddrInet4:
		in := (*unix.RawSockaddrInet4)(unsafe.Pointer(sa))
		return kernel.Addr{IP: netip.AddrPortFrom(netip.AddrFrom4(in.Addr), fromBigEndian(&in.Port))}
	case sa.Addr.Family == unix.AF_INET6 && size >= unix.SizeofSockaddrInet6:
		in := (*unix.RawSockaddrInet6)(unsafe.Pointer(sa))
		return inet6Address(in.Addr, fromBigEndian(&in.Port), in.Scope_id)
	case sa.Addr.Family == unix.AF_UNIX && size > 2:
		name := unsafe.Slice((*byte)(unsafe.Pointer(sa)), min(uintptr(size), unsafe.Sizeof(*sa)))[2:]
		if name[0] == 0 { // a name without a file
			return kernel.Addr{Path: "@" + string(name[1:])}
		}
		for i, c := range name {
			if c == 0 {
				name = name[:i]
				break
			}
		}
		return kernel.Addr{Path: string(name)}
	}
	return kernel.Addr{}
}

func bigEndian(at *uint16, port uint16) {
	b := (*[2]byte)(unsafe.Pointer(at))
	b[0], b[1] = byte(port>>8), byte(port)
}

func fromBigEndian(at *uint16) uint16 {
	b := (*[2]byte)(unsafe.Pointer(at))
	return uint16(b[0])<<8 | uint16(b[1])
}

// newSocket makes a non-blocking socket.
func newSocket(family, sotype int) (int, error) {
	return unix.Socket(family, sotype|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
}

// duplicate makes another number for an open file.
func duplicate(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// fdsFlags makes descriptors that are received close on exec.
const fdsFlags = unix.MSG_CMSG_CLOEXEC

// sendFlags are those of sendmsg.
const sendFlags = unix.MSG_NOSIGNAL

// portsAreShared says that the system distributes connections between sockets with
// SO_REUSEPORT.
const portsAreShared = true

// optionsAreInherited says that accepted sockets have the listener's options.
const optionsAreInherited = true

// keepAlive finds out when the other host is gone, as package net does it.
var keepAlive = [...]option{
	{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1},
	{unix.IPPROTO_TCP, unix.TCP_KEEPIDLE, 15},
	{unix.IPPROTO_TCP, unix.TCP_KEEPINTVL, 15},
	{unix.IPPROTO_TCP, unix.TCP_KEEPCNT, 9},
}
