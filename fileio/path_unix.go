//go:build unix

package fileio

import (
	"errors"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

const errLoop = syscall.ELOOP

func isNoDirectory(err error) bool { return errors.Is(err, syscall.ENOTDIR) }
func isLoop(err error) bool        { return errors.Is(err, syscall.ELOOP) }
func isOtherDevice(err error) bool { return errors.Is(err, syscall.EXDEV) }

// lchmod asks the system, which may know no permissions of links.
func lchmod(name string, mode fs.FileMode) error {
	info, err := os.Lstat(name)
	if err != nil {
		return err
	}
	if info.Mode()&fs.ModeSymlink == 0 {
		return os.Chmod(name, mode)
	}
	if err := unix.Fchmodat(unix.AT_FDCWD, name, uint32(mode.Perm()), unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return &fs.PathError{Op: "lchmod", Path: name, Err: err}
	}
	return nil
}

func isMount(name string) (bool, error) {
	info, err := os.Lstat(name)
	if err != nil || info.Mode()&fs.ModeSymlink != 0 {
		return false, err
	}
	parent := ".."
	if info.IsDir() {
		parent = name + "/.."
	} else {
		parent = filepath.Dir(name)
	}
	above, err := os.Stat(parent)
	if err != nil {
		return false, err
	}
	a, b := info.Sys().(*syscall.Stat_t), above.Sys().(*syscall.Stat_t)
	return a.Dev != b.Dev || a.Ino == b.Ino, nil
}

func owner(name string) (string, error) {
	return lookup(name, func(st *syscall.Stat_t) (string, error) {
		u, err := user.LookupId(strconv.Itoa(int(st.Uid)))
		if err != nil {
			return "", err
		}
		return u.Username, nil
	})
}

func group(name string) (string, error) {
	return lookup(name, func(st *syscall.Stat_t) (string, error) {
		g, err := user.LookupGroupId(strconv.Itoa(int(st.Gid)))
		if err != nil {
			return "", err
		}
		return g.Name, nil
	})
}

func lookup(name string, f func(*syscall.Stat_t) (string, error)) (string, error) {
	info, err := os.Stat(name)
	if err != nil {
		return "", err
	}
	return f(info.Sys().(*syscall.Stat_t))
}
