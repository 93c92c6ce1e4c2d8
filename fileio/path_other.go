//go:build !unix

package fileio

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// errLoop is what a loop of links is called.
var errLoop = errors.New("too many links")

func isNoDirectory(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
func isLoop(err error) bool        { return errors.Is(err, errLoop) }

// isOtherDevice knows the system's number for it.
func isOtherDevice(err error) bool {
	const notSameDevice = syscall.Errno(17)
	return errors.Is(err, notSameDevice)
}

func lchmod(name string, mode fs.FileMode) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink != 0 {
		return &fs.PathError{Op: "lchmod", Path: name, Err: errors.ErrUnsupported}
	}
	return os.Chmod(name, mode)
}

// isMount knows the roots of drives.
func isMount(name string) (bool, error) {
	if _, err := os.Lstat(name); err != nil {
		return false, err
	}
	abs, err := filepath.Abs(name)
	return err == nil && filepath.Dir(abs) == abs, err
}

func owner(name string) (string, error) {
	return "", &fs.PathError{Op: "owner", Path: name, Err: errors.ErrUnsupported}
}

func group(name string) (string, error) {
	return "", &fs.PathError{Op: "group", Path: name, Err: errors.ErrUnsupported}
}
