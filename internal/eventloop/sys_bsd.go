//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

// kqueue does not tell of urgent data, at which reads stop.
const trustShortReads = false

// recv and send move bytes without blocking. The runtime keeps SIGPIPE away.
func recv(fd int, p []byte) (int, syscall.Errno) {
	n, err := syscall.Read(fd, p)
	return n, code(err)
}

func send(fd int, p []byte) (int, syscall.Errno) {
	n, err := syscall.Write(fd, p)
	return n, code(err)
}

// recvFrom receives a datagram and whom it is from.
func recvFrom(fd int, p []byte) (int, kernel.Addr, syscall.Errno) {
	n, sa, err := unix.Recvfrom(fd, p, 0)
	if err != nil {
		return 0, kernel.Addr{}, code(err)
	}
	race.WriteRange(p[:n])
	return n, address(sa), 0
}

// sendTo sends a datagram.
func sendTo(fd int, p []byte, to kernel.Addr, family int) syscall.Errno {
	race.ReadRange(p)
	sa, err := sockaddr(to, family)
	if err != nil {
		return code(err)
	}
	return code(unix.Sendto(fd, p, 0, sa))
}

// accept takes a connection without blocking.
func accept(fd int) (int, kernel.Addr, syscall.Errno) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	n, sa, err := unix.Accept(fd)
	if err != nil {
		return -1, kernel.Addr{}, code(err)
	}
	if err := prepare(n); err != nil {
		unix.Close(n)
		return -1, kernel.Addr{}, code(err)
	}
	return n, address(sa), 0
}

// prepare makes a descriptor close on exec and non-blocking.
func prepare(fd int) error {
	unix.CloseOnExec(fd)
	return unix.SetNonblock(fd, true)
}

// localAddress is what a socket is bound to.
func localAddress(fd int) kernel.Addr {
	sa, err := unix.Getsockname(fd)
	if err != nil {
		return kernel.Addr{}
	}
	return address(sa)
}

// newSocket makes a non-blocking socket.
func newSocket(family, sotype int) (int, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	fd, err := unix.Socket(family, sotype, 0)
	if err != nil {
		return -1, err
	}
	if err := prepare(fd); err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// duplicate makes another number for an open file.
func duplicate(fd int) (int, error) { return unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0) }

// fdsFlags is empty: what is received is made to close on exec afterwards.
const fdsFlags = 0

// sendFlags are those of sendmsg.
const sendFlags = 0

// portsAreShared: the last of them gets all connections, but on DragonFly.
const portsAreShared = false

// optionsAreInherited says that accepted sockets have the listener's options.
const optionsAreInherited = false

// keepAlive finds out when the other host is gone, in the system's own time.
var keepAlive = [...]option{{unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1}}
