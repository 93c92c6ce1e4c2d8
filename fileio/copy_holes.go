//go:build linux || darwin || freebsd

package fileio

import (
	"errors"
	"io"
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// blockSize is the unit in which the system counts what a file takes.
const blockSize = 512

// hasHoles reports whether a file takes less than it is long.
func hasHoles(info fs.FileInfo) bool {
	st, ok := info.Sys().(*syscall.Stat_t)
	return ok && info.Mode().IsRegular() && st.Blocks*blockSize < info.Size()
}

// pieceWithHoles is piece: it passes over the holes and copies what is between them.
func (c *copying) pieceWithHoles() (more bool, err error) {
	for copied := int64(0); copied < copyChunk; {
		data, err := c.src.Seek(c.done, unix.SEEK_DATA)
		switch {
		case errors.Is(err, unix.ENXIO): // a hole up to the end
			return false, c.endWithHole()
		case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOTSUP):
			return true, c.forgetHoles()
		case err != nil:
			return false, err
		}
		hole, err := c.src.Seek(data, unix.SEEK_HOLE)
		if err != nil {
			return false, err
		}
		c.done = data
		if err := c.align(); err != nil {
			return false, err
		}
		limit := min(hole-data, copyChunk-copied)
		n, err := c.copy(limit)
		if err != nil || n < limit {
			return false, err
		}
		copied += n
	}
	return true, nil
}

// endWithHole makes dst as long as src.
func (c *copying) endWithHole() error {
	info, err := c.src.Stat()
	if err != nil || info.Size() <= c.done {
		return err
	}
	c.done = info.Size()
	return c.dst.Truncate(c.done)
}

// forgetHoles goes on as if there were no holes, because the system cannot tell.
func (c *copying) forgetHoles() error {
	c.holes = false
	return c.align()
}

// align moves in both files to where the copying is.
func (c *copying) align() error {
	_, err := c.src.Seek(c.done, io.SeekStart)
	if err == nil {
		_, err = c.dst.Seek(c.done, io.SeekStart)
	}
	return err
}
