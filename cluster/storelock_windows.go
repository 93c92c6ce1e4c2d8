package cluster

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// errSharingViolation is what opening a file fails with that is not shared.
const errSharingViolation = syscall.Errno(32)

// lockFile opens a file for this process alone, until it is closed, or the process ends;
// errLocked says that another one has it.
func lockFile(path string) (io.Closer, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	h, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil, syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch {
	case errors.Is(err, errSharingViolation):
		return nil, errLocked
	case err != nil:
		return nil, err
	}
	return os.NewFile(uintptr(h), path), nil
}
