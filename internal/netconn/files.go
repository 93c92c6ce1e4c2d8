package netconn

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// RemoveSocketFile removes the UNIX socket at path. What is no socket stays, and
// what is not there is no error.
func (Network) RemoveSocketFile(_ context.Context, path string) error {
	info, err := os.Lstat(path)
	if err == nil && info.Mode()&fs.ModeSocket != 0 {
		err = os.Remove(path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Chmod sets the permissions of a UNIX socket's file.
func (Network) Chmod(_ context.Context, path string, mode uint32) error {
	return os.Chmod(path, fs.FileMode(mode)&fs.ModePerm)
}
