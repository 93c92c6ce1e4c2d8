//go:build unix

package cluster

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lockFile opens a file for this process alone, until it is closed, or the process ends;
// errLocked says that another one has it. Where files cannot be locked nobody is kept out.
func lockFile(path string) (io.Closer, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); errors.Is(err, syscall.EWOULDBLOCK) {
		_ = f.Close()
		return nil, errLocked
	}
	return f, nil
}
