package fileio

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// os is the path as the system is to be given it.
func (p Path) os() string { return p.String() }

// Stat describes what the path leads to, also through links. Cancellation: a call that
// has begun is not interrupted.
func (p Path) Stat(ctx context.Context) (fs.FileInfo, error) {
	return callWith(ctx, p.os(), os.Stat)
}

// Lstat describes what is at the path itself, also if that is a link. Cancellation: as
// for Stat.
func (p Path) Lstat(ctx context.Context) (fs.FileInfo, error) {
	return callWith(ctx, p.os(), os.Lstat)
}

// ask answers a question with no if there is nothing at the path.
func (p Path) ask(ctx context.Context, stat func(string) (fs.FileInfo, error), is func(fs.FileInfo) bool) (bool, error) {
	info, err := callWith(ctx, p.os(), stat)
	if err != nil {
		return false, p.unlessAbsent(err)
	}
	return is(info), nil
}

// unlessAbsent is nil if an error says that there is nothing at the path, as there never
// is at one with a zero byte.
func (p Path) unlessAbsent(err error) error {
	zero := errors.Is(err, syscall.EINVAL) && strings.IndexByte(string(p), 0) >= 0
	if zero || errors.Is(err, fs.ErrNotExist) || isNoDirectory(err) || isLoop(err) {
		return nil
	}
	return err
}

func (p Path) hasType(ctx context.Context, mask, want fs.FileMode) (bool, error) {
	return p.ask(ctx, os.Stat, func(i fs.FileInfo) bool { return i.Mode()&mask == want })
}

// Exists reports whether the path leads to something. A link that leads nowhere is
// nothing; see Lexists. An error says that it could not be found out, such as for lack
// of permission. Cancellation: as for Stat.
func (p Path) Exists(ctx context.Context) (bool, error) {
	return p.ask(ctx, os.Stat, func(fs.FileInfo) bool { return true })
}

// Lexists reports whether there is something at the path, also a link that leads
// nowhere. Cancellation: as for Stat.
func (p Path) Lexists(ctx context.Context) (bool, error) {
	return p.ask(ctx, os.Lstat, func(fs.FileInfo) bool { return true })
}

// IsDir reports whether the path leads to a folder. Like the methods below it returns
// false if there is nothing. Cancellation: as for Stat.
func (p Path) IsDir(ctx context.Context) (bool, error) {
	return p.hasType(ctx, fs.ModeDir, fs.ModeDir)
}

// IsFile reports whether the path leads to a regular file. Cancellation: as for Stat.
func (p Path) IsFile(ctx context.Context) (bool, error) { return p.hasType(ctx, fs.ModeType, 0) }

// IsDirNoFollow reports whether a folder is at the path itself: a link to one is none.
// Cancellation: as for Stat.
func (p Path) IsDirNoFollow(ctx context.Context) (bool, error) {
	return p.ask(ctx, os.Lstat, fs.FileInfo.IsDir)
}

// IsFileNoFollow reports whether a regular file is at the path itself: a link to one is
// none. Cancellation: as for Stat.
func (p Path) IsFileNoFollow(ctx context.Context) (bool, error) {
	return p.ask(ctx, os.Lstat, func(i fs.FileInfo) bool { return i.Mode().IsRegular() })
}

// IsSymlink reports whether there is a symbolic link at the path. Cancellation: as for
// Stat.
func (p Path) IsSymlink(ctx context.Context) (bool, error) {
	return p.ask(ctx, os.Lstat, func(i fs.FileInfo) bool { return i.Mode()&fs.ModeSymlink != 0 })
}

// IsJunction reports whether there is a junction at the path, which only Windows has.
// Cancellation: as for Stat.
func (p Path) IsJunction(ctx context.Context) (bool, error) {
	return p.ask(ctx, os.Lstat, func(i fs.FileInfo) bool { return windows && i.Mode()&fs.ModeIrregular != 0 })
}

// IsBlockDevice reports whether the path leads to a block device. Cancellation: as for
// Stat.
func (p Path) IsBlockDevice(ctx context.Context) (bool, error) {
	return p.hasType(ctx, fs.ModeDevice|fs.ModeCharDevice, fs.ModeDevice)
}

// IsCharDevice reports whether the path leads to a character device. Cancellation: as
// for Stat.
func (p Path) IsCharDevice(ctx context.Context) (bool, error) {
	return p.hasType(ctx, fs.ModeCharDevice, fs.ModeCharDevice)
}

// IsFIFO reports whether the path leads to a FIFO. Cancellation: as for Stat.
func (p Path) IsFIFO(ctx context.Context) (bool, error) {
	return p.hasType(ctx, fs.ModeNamedPipe, fs.ModeNamedPipe)
}

// IsSocket reports whether the path leads to a UNIX socket. Cancellation: as for Stat.
func (p Path) IsSocket(ctx context.Context) (bool, error) {
	return p.hasType(ctx, fs.ModeSocket, fs.ModeSocket)
}

// IsMount reports whether another file system begins at the path. Cancellation: as for
// Stat.
func (p Path) IsMount(ctx context.Context) (bool, error) {
	return call(ctx, func() (bool, error) {
		mount, err := isMount(p.os())
		return mount, p.unlessAbsent(err)
	})
}

// SameFile reports whether both paths lead to the same file. Cancellation: as for Stat.
func (p Path) SameFile(ctx context.Context, q Path) (bool, error) {
	return call(ctx, func() (bool, error) {
		a, err := os.Stat(p.os())
		if err != nil {
			return false, err
		}
		b, err := os.Stat(q.os())
		return err == nil && os.SameFile(a, b), err
	})
}

// Cwd returns the working directory. Cancellation: as for Path.Stat.
func Cwd(ctx context.Context) (Path, error) {
	return call(ctx, func() (Path, error) {
		dir, err := os.Getwd()
		return Path(dir), err
	})
}

// Home returns the user's folder. Cancellation: as for Path.Stat.
func Home(ctx context.Context) (Path, error) {
	return call(ctx, func() (Path, error) {
		dir, err := os.UserHomeDir()
		return Path(dir), err
	})
}

// Absolute returns the path from the root on. Links and ".." stay in it. Cancellation:
// as for Stat.
func (p Path) Absolute(ctx context.Context) (Path, error) {
	return call(ctx, func() (Path, error) {
		if p.IsAbsolute() {
			return p.Join(), nil
		}
		if windows { // a drive may have a working directory of its own
			q := parse(string(p))
			s, err := filepath.Abs(cmp.Or(q.anchor(), "."))
			base := parse(s)
			return base.with(append(base.names, q.names...)...).path(), err
		}
		dir, err := os.Getwd()
		return Path(dir).Join(string(p)), err
	})
}

// ExpandUser returns the path with the folder of a user in place of the "~" or "~name"
// that it begins with. Cancellation: as for Stat.
func (p Path) ExpandUser(ctx context.Context) (Path, error) {
	q := parse(string(p))
	if q.anchor() != "" || len(q.names) == 0 || !strings.HasPrefix(q.names[0], "~") {
		_, err := kernel.Enter(ctx)
		return q.path(), err
	}
	return call(ctx, func() (Path, error) {
		home, err := homeOf(q.names[0][1:])
		if err != nil {
			return "", err
		}
		return NewPath(append([]string{home}, q.names[1:]...)...), nil
	})
}

// Owner returns the name of the user that owns the file. Cancellation: as for Stat.
func (p Path) Owner(ctx context.Context) (string, error) {
	return call(ctx, func() (string, error) { return owner(p.os()) })
}

// Group returns the name of the group that owns the file. Cancellation: as for Stat.
func (p Path) Group(ctx context.Context) (string, error) {
	return call(ctx, func() (string, error) { return group(p.os()) })
}

// Readlink returns where the link at the path leads, as it is written in it.
// Cancellation: as for Stat.
func (p Path) Readlink(ctx context.Context) (Path, error) {
	return call(ctx, func() (Path, error) {
		s, err := os.Readlink(p.os())
		if err != nil {
			return "", err
		}
		return NewPath(s), nil
	})
}
