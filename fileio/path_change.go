package fileio

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// MkdirOptions are options of Mkdir. The zero value makes one folder that must not
// exist.
type MkdirOptions struct {
	Perm    fs.FileMode // less the umask; 0 means 0777
	Parents bool        // make the folders above it as well, with the permissions 0777
	ExistOK bool        // do not fail if it exists
}

// Mkdir makes a folder. Cancellation: nothing was made.
func (p Path) Mkdir(ctx context.Context, opts MkdirOptions) error {
	if opts.Perm == 0 {
		opts.Perm = 0o777
	}
	return do(ctx, func() error { return p.mkdir(opts) })
}

func (p Path) mkdir(opts MkdirOptions) error {
	err := os.Mkdir(p.os(), opts.Perm)
	parent := p.Parent()
	switch {
	case opts.Parents && errors.Is(err, fs.ErrNotExist) && !parent.Equal(p):
		if err := parent.mkdir(MkdirOptions{Perm: 0o777, Parents: true, ExistOK: true}); err != nil {
			return err
		}
		opts.Parents = false
		return p.mkdir(opts)
	case err != nil && opts.ExistOK: // also where the system says that it may not write
		if info, e := os.Stat(p.os()); e == nil && info.IsDir() {
			return nil
		}
	}
	return err
}

// RemoveDir removes a folder, which must be empty. Cancellation: it is still there.
func (p Path) RemoveDir(ctx context.Context) error {
	return do(ctx, func() error {
		info, err := os.Lstat(p.os())
		if err == nil && !info.IsDir() {
			err = &fs.PathError{Op: "remove", Path: p.os(), Err: syscall.ENOTDIR}
		}
		if err != nil {
			return err
		}
		return os.Remove(p.os())
	})
}

// Remove removes a file or a link, but not a folder. Cancellation: it is still there.
func (p Path) Remove(ctx context.Context) error {
	return do(ctx, func() error {
		info, err := os.Lstat(p.os())
		if err == nil && info.IsDir() {
			err = &fs.PathError{Op: "remove", Path: p.os(), Err: syscall.EISDIR}
		}
		if err != nil {
			return err
		}
		return os.Remove(p.os())
	})
}

// RemoveIfExists is like Remove but returns nil if there is nothing at the path.
// Cancellation: as for Remove.
func (p Path) RemoveIfExists(ctx context.Context) error {
	if err := p.Remove(ctx); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Touch makes an empty file with the permissions 0666, less the umask, or sets the
// times of what is there to now. Cancellation: nothing was done.
func (p Path) Touch(ctx context.Context) error {
	return do(ctx, func() error {
		now := time.Now()
		if err := os.Chtimes(p.os(), now, now); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return p.create(0)
	})
}

// TouchNew makes an empty file. If there is one already it is an error that matches
// fs.ErrExist. Cancellation: nothing was done.
func (p Path) TouchNew(ctx context.Context) error {
	return do(ctx, func() error { return p.create(os.O_EXCL) })
}

func (p Path) create(flag int) error {
	f, err := os.OpenFile(p.os(), os.O_WRONLY|os.O_CREATE|flag, 0o666)
	if err != nil {
		return err
	}
	return f.Close()
}

// Rename gives the file or folder another path, which is returned. On POSIX a file
// that was there is replaced; on Windows that is an error. Cancellation: nothing was
// done.
func (p Path) Rename(ctx context.Context, target Path) (Path, error) {
	return p.move(ctx, target, windows)
}

// Replace is like Rename but replaces a file that was there on every system.
// Cancellation: as for Rename.
func (p Path) Replace(ctx context.Context, target Path) (Path, error) {
	return p.move(ctx, target, false)
}

func (p Path) move(ctx context.Context, target Path, keep bool) (Path, error) {
	return call(ctx, func() (Path, error) {
		if keep {
			_, absent := os.Lstat(p.os())
			if _, err := os.Lstat(target.os()); err == nil && absent == nil {
				return "", &os.LinkError{Op: "rename", Old: p.os(), New: target.os(), Err: fs.ErrExist}
			}
		}
		if err := os.Rename(p.os(), target.os()); err != nil {
			return "", err
		}
		return target.Join(), nil
	})
}

// SymlinkTo makes p a symbolic link that leads to target, which need not exist; a
// relative one is seen from the folder of p. Cancellation: nothing was done.
func (p Path) SymlinkTo(ctx context.Context, target Path) error {
	return do(ctx, func() error { return os.Symlink(target.os(), p.os()) })
}

// LinkTo makes p a hard link to the file target: mind the order. Cancellation: nothing
// was done.
func (p Path) LinkTo(ctx context.Context, target Path) error {
	return do(ctx, func() error { return os.Link(target.os(), p.os()) })
}

// Chmod changes the permissions of what the path leads to. Cancellation: they are as
// they were.
func (p Path) Chmod(ctx context.Context, mode fs.FileMode) error {
	return do(ctx, func() error { return os.Chmod(p.os(), mode) })
}

// Lchmod changes the permissions of what is at the path itself. Where a system cannot
// do that for a link, the error matches errors.ErrUnsupported. Cancellation: as for
// Chmod.
func (p Path) Lchmod(ctx context.Context, mode fs.FileMode) error {
	return do(ctx, func() error { return lchmod(p.os(), mode) })
}
