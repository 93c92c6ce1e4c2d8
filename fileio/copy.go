package fileio

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// copyChunk is how many bytes are copied in one call. Where the system can copy from
// file to file by itself it does.
const copyChunk = 4 << 20

// Copy copies the content of a file. If dst exists it is overwritten, else made with the
// permissions of src, less the umask. Holes stay holes where the systems of both files
// know them, so that a file of many gigabytes that are not there is soon copied. After
// each piece of some megabytes progress, unless it is nil, is told how many bytes are
// done and how many there were at the beginning, or more if src has grown: it is read to
// its end. Both being the same file, also by links, is an error that matches fs.ErrExist.
//
// Cancellation: noticed between two pieces. Then, as after any error, such as a full
// disk, and a panic of progress, dst is removed if it is a regular file, for it is not
// whole. If dst is a link, what is said here is about the file that it leads to.
func Copy(ctx context.Context, dst, src Path, progress func(done, total int64)) error {
	c, err := call(ctx, func() (*copying, error) { return openCopy(dst.os(), src.os()) })
	if err != nil {
		return err
	}
	whole := false
	defer func() {
		if !whole {
			_ = cleanup(ctx, c.abandon) // the error that led here is told
		}
	}()
	for more := true; more; {
		before := c.done
		if more, err = call(ctx, c.piece); err != nil {
			return err
		}
		if progress != nil && (c.done > before || c.done == 0) {
			progress(c.done, max(c.total, c.done))
		}
	}
	err = cleanup(ctx, c.close) // which may tell that the disk is full
	whole = err == nil
	return err
}

// A copying is a file that is being copied. Both files are at done, unless holes says
// something else.
type copying struct {
	dst, src *os.File
	made     fs.FileInfo // of dst
	total    int64       // bytes in src at the beginning
	done     int64       // bytes of the content
	holes    bool        // src may have holes, and dst as well
}

func openCopy(dst, src string) (*copying, error) {
	in, err := os.Open(src)
	if err != nil {
		return nil, err
	}
	c := &copying{src: in}
	if err := c.openTo(dst); err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return c, nil
}

func (c *copying) openTo(dst string) error {
	info, err := c.src.Stat()
	if err != nil {
		return err
	}
	switch there, err := os.Stat(dst); {
	case err == nil && os.SameFile(info, there):
		return &os.LinkError{Op: "copy", Old: c.src.Name(), New: dst, Err: fs.ErrExist}
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	if c.dst, err = os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm()); err != nil {
		return err
	}
	if c.made, err = c.dst.Stat(); err != nil {
		return errors.Join(err, c.dst.Close())
	}
	c.total = info.Size()
	c.holes = hasHoles(info) && c.made.Mode().IsRegular()
	return nil
}

// piece copies some megabytes and reports whether there may be more.
func (c *copying) piece() (more bool, err error) {
	if c.holes {
		return c.pieceWithHoles()
	}
	n, err := c.copy(copyChunk)
	return n == copyChunk, err
}

// copy copies up to limit bytes; less is the end.
func (c *copying) copy(limit int64) (int64, error) {
	n, err := io.CopyN(c.dst, c.src, limit)
	c.done += n
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (c *copying) close() error { return errors.Join(c.src.Close(), c.dst.Close()) }

// abandon closes and removes what is not whole.
func (c *copying) abandon() error {
	_ = c.close() // what is not whole may be closed with errors, or be closed
	if !c.made.Mode().IsRegular() {
		return nil
	}
	name, err := filepath.EvalSymlinks(c.dst.Name())
	if err != nil {
		return err
	}
	if there, err := os.Lstat(name); err != nil || !os.SameFile(there, c.made) {
		return err // somebody has put something else there
	}
	return os.Remove(name)
}
