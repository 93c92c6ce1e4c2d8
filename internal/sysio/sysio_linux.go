package sysio

import (
	"syscall"
	"unsafe"

	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

// rawLimit is up to how many bytes a system call goes round the scheduler
// (RawSyscall). It does not block, and so holds up nobody longer than the bytes are
// copied. At 64 connections that is a quarter of the time.
const rawLimit = 64 << 10

// Recv receives what is there. It does not wait, even if the descriptor was made blocking:
// the error is EAGAIN then. Under -race package syscall does it, which tells the detector.
func Recv(fd int, p []byte) (int, syscall.Errno) {
	if race.Enabled {
		n, err := syscall.Read(fd, p)
		return n, code(err)
	}
	return call(unix.SYS_RECVFROM, fd, p, unix.MSG_DONTWAIT)
}

// Send sends what the socket takes. It does not wait either, and raises no SIGPIPE.
func Send(fd int, p []byte) (int, syscall.Errno) {
	if race.Enabled {
		n, err := syscall.Write(fd, p)
		return n, code(err)
	}
	return call(unix.SYS_SENDTO, fd, p, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}

func call(number uintptr, fd int, p []byte, flags uintptr) (int, syscall.Errno) {
	at := unsafe.Pointer(unsafe.SliceData(p))
	if len(p) <= rawLimit {
		n, _, errno := unix.RawSyscall6(number, uintptr(fd), uintptr(at), uintptr(len(p)), flags, 0, 0)
		return int(n), errno
	}
	n, _, errno := unix.Syscall6(number, uintptr(fd), uintptr(at), uintptr(len(p)), flags, 0, 0)
	return int(n), errno
}

func code(err error) syscall.Errno {
	errno, _ := err.(syscall.Errno)
	return errno
}
