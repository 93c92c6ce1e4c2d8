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
// permissions of src. After each piece of some megabytes progress, unless it is nil, is
// told how many bytes are done and how many there were at the beginning. Both being the
// same file is an error that matches fs.ErrExist.
//
// Cancellation: is noticed between two pieces. Then, as after any error, such as a full
// disk, and a panic of progress, dst is removed if it is a regular file, for it is not
// whole. If dst is a link, what is said here is about the file that it leads to. [PA-24]
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
	for done, more := int64(0), true; more; {
		n, err := call(ctx, c.piece)
		if err != nil {
			return err
		}
		done += n
		more = n == copyChunk // less is the end
		if progress != nil && (n > 0 || done == 0) {
			progress(done, max(c.total, done))
		}
	}
	err = cleanup(ctx, c.close) // which may tell that the disk is full
	whole = err == nil
	return err
}

// A copying is a file that is being copied.
type copying struct {
	dst, src *os.File
	made     fs.FileInfo // describes dst
	total    int64
}

func openCopy(dst, src string) (*copying, error) {
	in, err := os.Open(src)
	if err != nil {
		return nil, err
	}
	c := &copying{src: in}
	info, err := in.Stat()
	if err == nil {
		c.total = info.Size()
		var there fs.FileInfo
		if there, err = os.Stat(dst); errors.Is(err, fs.ErrNotExist) {
			err = nil
		} else if err == nil && os.SameFile(info, there) {
			err = &os.LinkError{Op: "copy", Old: src, New: dst, Err: fs.ErrExist}
		}
	}
	if err == nil {
		c.dst, err = os.OpenFile(dst, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, info.Mode().Perm())
	}
	if err == nil {
		if c.made, err = c.dst.Stat(); err != nil {
			err = errors.Join(err, c.dst.Close())
		}
	}
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	return c, nil
}

func (c *copying) piece() (int64, error) {
	n, err := io.CopyN(c.dst, c.src, copyChunk)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (c *copying) close() error { return errors.Join(c.src.Close(), c.dst.Close()) }

// abandon closes and removes what is not whole, unless it has another name by now.
func (c *copying) abandon() error {
	err := c.close()
	if !c.made.Mode().IsRegular() {
		return err
	}
	path, wrong := filepath.EvalSymlinks(c.dst.Name())
	if wrong == nil {
		var there fs.FileInfo
		if there, wrong = os.Lstat(path); wrong == nil && os.SameFile(there, c.made) {
			wrong = os.Remove(path)
		}
	}
	return errors.Join(err, wrong)
}
