package fileio

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
)

// CopyOptions are options of Path.Copy. The zero value follows links and takes along
// nothing but the content and, for new files, the permissions.
type CopyOptions struct {
	KeepSymlinks bool // copy links as links
	// PreserveMetadata takes along the permissions and the time of the last change of
	// files and folders. Not taken along are the owner, and what would let others act
	// as the owner, such as the setuid bit.
	PreserveMetadata bool
	// Progress is told, after each piece of a file, how many bytes are done of the
	// path's total, as of Copy. It may be nil.
	Progress func(path Path, done, total int64)
}

// Copy copies a file, a link or a folder with all that is in it, and returns target. A
// file that is there is overwritten; a folder must not be there. Copying something into
// itself is an error. Cancellation: noticed between files and pieces of them. Then, as
// after any error, the files that are whole stay, and no others.
func (p Path) Copy(ctx context.Context, target Path, opts CopyOptions) (Path, error) {
	if inside, err := p.holds(ctx, target, opts.KeepSymlinks); err != nil {
		return "", err
	} else if inside {
		return "", &os.LinkError{Op: "copy", Old: p.os(), New: target.os(), Err: errIntoItself}
	}
	if err := p.copyTo(ctx, target, opts, nil); err != nil {
		return "", err
	}
	return target.Join(), nil
}

var (
	errIntoItself = errors.New("a folder cannot be copied or moved into itself")
	errBackLink   = errors.New("a link leads back to the folder it is in")
	errNoContent  = errors.New("want a regular file, a folder or a link")
)

// holds reports whether p is a folder and target in it or the folder itself. If links
// are kept, one that leads to a folder is none.
func (p Path) holds(ctx context.Context, target Path, keepLinks bool) (bool, error) {
	stat := Path.Stat
	if keepLinks {
		stat = Path.Lstat
	}
	if info, err := stat(p, ctx); err != nil || !info.IsDir() {
		return false, err
	}
	from, err := p.Resolve(ctx)
	if err != nil {
		return false, err
	}
	to, err := target.Resolve(ctx)
	return err == nil && to.IsRelativeTo(from), err
}

// copyTo copies what is in the folders above, which matters if links are followed.
func (p Path) copyTo(ctx context.Context, target Path, opts CopyOptions, above []fs.FileInfo) error {
	stat := Path.Stat
	if opts.KeepSymlinks {
		stat = Path.Lstat
	}
	info, err := stat(p, ctx)
	if err != nil {
		return err
	}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		return do(ctx, func() error {
			to, err := os.Readlink(p.os())
			if err != nil {
				return err
			}
			return os.Symlink(to, target.os())
		})
	case info.IsDir() && isAmong(info, above):
		return &fs.PathError{Op: "copy", Path: p.os(), Err: errBackLink}
	case info.IsDir():
		above = append(above[:len(above):len(above)], info)
		if err := target.Mkdir(ctx, MkdirOptions{}); err != nil {
			return err
		}
		for child, err := range p.Children(ctx) {
			if err != nil {
				return err
			}
			if err := child.copyTo(ctx, target.Join(child.Name()), opts, above); err != nil {
				return err
			}
		}
	case !info.Mode().IsRegular(): // reading a pipe or a device may never end
		return &fs.PathError{Op: "copy", Path: p.os(), Err: errNoContent}
	default:
		var progress func(done, total int64)
		if opts.Progress != nil {
			progress = func(done, total int64) { opts.Progress(p, done, total) }
		}
		if err := Copy(ctx, target, p, progress); err != nil {
			return err
		}
	}
	if !opts.PreserveMetadata {
		return nil
	}
	return do(ctx, func() error {
		err := os.Chmod(target.os(), info.Mode().Perm())
		return errors.Join(err, os.Chtimes(target.os(), info.ModTime(), info.ModTime()))
	})
}

// CopyInto is like Copy but copies to the same name in a folder. Cancellation: as for
// Copy.
func (p Path) CopyInto(ctx context.Context, folder Path, opts CopyOptions) (Path, error) {
	if p.Name() == "" {
		return "", p.invalid("it has no name to keep")
	}
	return p.Copy(ctx, folder.Join(p.Name()), opts)
}

// Move gives a file or folder another path, which is returned, also on another file
// system; then it is copied, with its metadata and links, and removed, and if it cannot
// be removed the path comes with an error. A file that is there is replaced, by what is
// whole. Cancellation: noticed while copying; what was to be moved is still where it
// was.
func (p Path) Move(ctx context.Context, target Path) (Path, error) {
	to, err := p.Replace(ctx, target)
	if err == nil || !isOtherDevice(err) {
		return to, err
	}
	return p.moveByCopy(ctx, target)
}

// moveByCopy copies to a name beside target, which then takes its place at once.
func (p Path) moveByCopy(ctx context.Context, target Path) (Path, error) {
	if err := do(ctx, func() error { return differ(p.os(), target.os()) }); err != nil {
		return "", err
	}
	beside := target.Parent().Join(".move-" + randomName())
	_, err := p.Copy(ctx, beside, CopyOptions{KeepSymlinks: true, PreserveMetadata: true})
	if err == nil {
		_, err = beside.Replace(ctx, target)
	}
	if err != nil {
		_ = cleanup(ctx, func() error { return removeAll(beside.os()) }) // the error that led here is told
		return "", namingTarget(err, beside.os(), target.os())
	}
	return target.Join(), cleanup(ctx, func() error { return removeAll(p.os()) })
}

// namingTarget is an error about a path that only we know as one about the path below
// target that was asked for.
func namingTarget(err error, beside, target string) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		pe.Path = strings.Replace(pe.Path, beside, target, 1)
	}
	if le, ok := errors.AsType[*os.LinkError](err); ok {
		le.Old = strings.Replace(le.Old, beside, target, 1)
		le.New = strings.Replace(le.New, beside, target, 1)
	}
	return err
}

// differ fails if both are the same, which may be mounted at two places: removing one
// would remove the other.
func differ(from, to string) error {
	a, err := os.Lstat(from)
	if err != nil {
		return err
	}
	if b, err := os.Lstat(to); err == nil && os.SameFile(a, b) {
		return &os.LinkError{Op: "move", Old: from, New: to, Err: fs.ErrExist}
	}
	return nil
}

// MoveInto is like Move but moves to the same name in a folder. Cancellation: as for
// Move.
func (p Path) MoveInto(ctx context.Context, folder Path) (Path, error) {
	if p.Name() == "" {
		return "", p.invalid("it has no name to keep")
	}
	return p.Move(ctx, folder.Join(p.Name()))
}
