package asyncio

import (
	"os"
	"syscall"
)

// checkPipe refuses files on disks.
func checkPipe(fd uintptr) error {
	kind, err := syscall.GetFileType(syscall.Handle(fd))
	switch {
	case err != nil:
		return os.NewSyscallError("GetFileType", err)
	case kind == syscall.FILE_TYPE_PIPE || kind == syscall.FILE_TYPE_CHAR:
		return nil
	}
	return misuse("pipe transports are for pipes, sockets and character devices")
}

func duplicateFD(fd uintptr) (uintptr, error) {
	self, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0, os.NewSyscallError("GetCurrentProcess", err)
	}
	var dup syscall.Handle
	err = syscall.DuplicateHandle(self, syscall.Handle(fd), self, &dup, 0, false, syscall.DUPLICATE_SAME_ACCESS)
	if err != nil {
		return 0, os.NewSyscallError("DuplicateHandle", err)
	}
	return uintptr(dup), nil
}
