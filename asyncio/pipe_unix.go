//go:build unix

package asyncio

import (
	"os"
	"syscall"
)

// checkPipe refuses descriptors that are always ready.
func checkPipe(fd uintptr) error {
	var st syscall.Stat_t
	if err := syscall.Fstat(int(fd), &st); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	switch st.Mode & syscall.S_IFMT {
	case syscall.S_IFIFO, syscall.S_IFSOCK, syscall.S_IFCHR:
		return nil
	}
	return misuse("pipe transports are for pipes, sockets and character devices")
}

func duplicateFD(fd uintptr) (uintptr, error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	dup, err := syscall.Dup(int(fd))
	if err != nil {
		return 0, os.NewSyscallError("dup", err)
	}
	syscall.CloseOnExec(dup)
	return uintptr(dup), nil
}
