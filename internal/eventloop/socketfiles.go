package eventloop

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// socketFiles looks after the files of UNIX sockets.
type socketFiles struct{}

// RemoveSocketFile removes the socket at path. What is no socket is left alone.
func (socketFiles) RemoveSocketFile(_ context.Context, path string) error {
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
func (socketFiles) Chmod(_ context.Context, path string, mode uint32) error {
	return os.Chmod(path, fs.FileMode(mode)&fs.ModePerm)
}
