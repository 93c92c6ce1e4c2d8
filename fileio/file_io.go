package fileio

import (
	"context"
	"io"
	"io/fs"

	"github.com/anyio-go/anyio"
)

// In the methods that move bytes the closure is made only where a call is made
// elsewhere: a call in place allocates nothing.

// Read reads up to len(p) bytes. At the end of the file it returns 0 and
// anyio.ErrEndOfStream; if the file has grown it goes on the next time.
// Cancellation: no byte is lost.
func (f *File) Read(ctx context.Context, p []byte) (int, error) {
	if f.waits(ctx) {
		return f.readEndless(ctx, p)
	}
	switch here, err := f.here(ctx, 0); {
	case err != nil:
		return 0, err
	case here:
		n, err := f.read(p)
		return n, settled(ctx, err)
	}
	return elsewhere(ctx, f, func() (int, error) { return f.read(p) })
}

func (f *File) read(p []byte) (int, error) {
	if f.closed.Load() {
		return 0, anyio.ErrClosed
	}
	if f.more.Load() {
		if n := f.readAhead(p); n > 0 {
			return n, nil
		}
	}
	n, err := f.raw.Read(p)
	return n, f.outcome(err)
}

// Write writes all of p. It returns how many bytes were written, less than len(p)
// only with an error, such as a full disk. Cancellation: nothing was written, or, if it
// waits for a pipe, as much as n says.
func (f *File) Write(ctx context.Context, p []byte) (int, error) {
	if f.waits(ctx) {
		return f.writeEndless(ctx, p)
	}
	switch here, err := f.here(ctx, len(p)); {
	case err != nil:
		return 0, err
	case here:
		n, err := f.write(p)
		return n, settled(ctx, err)
	}
	return elsewhere(ctx, f, func() (int, error) { return f.write(p) })
}

func (f *File) write(p []byte) (int, error) {
	if f.closed.Load() {
		return 0, anyio.ErrClosed
	}
	if f.more.Load() && f.endless == nil {
		if _, err := f.seek(0, io.SeekCurrent); err != nil {
			return 0, err
		}
	}
	n, err := f.raw.Write(p)
	return n, f.outcome(err)
}

// WriteString is like Write but writes a string. Cancellation: as for Write.
func (f *File) WriteString(ctx context.Context, s string) (int, error) {
	return f.Write(ctx, []byte(s))
}

// WriteLines writes the lines one after the other and adds nothing to them.
// Cancellation: some may have been written.
func (f *File) WriteLines(ctx context.Context, lines ...string) error {
	for _, line := range lines {
		if _, err := f.WriteString(ctx, line); err != nil {
			return err
		}
	}
	return nil
}

// ReadAt reads len(p) bytes from an offset, without moving. If there are fewer it returns
// anyio.ErrEndOfStream with them. Cancellation: nothing was read.
func (f *File) ReadAt(ctx context.Context, p []byte, offset int64) (int, error) {
	switch here, err := f.here(ctx, 0); {
	case err != nil:
		return 0, err
	case here:
		n, err := f.readAt(p, offset)
		return n, settled(ctx, err)
	}
	return elsewhere(ctx, f, func() (int, error) { return f.readAt(p, offset) })
}

func (f *File) readAt(p []byte, offset int64) (int, error) {
	if f.closed.Load() {
		return 0, anyio.ErrClosed
	}
	n, err := f.raw.ReadAt(p, offset)
	return n, f.outcome(err)
}

// WriteAt writes all of p at an offset, without moving. It is an error if the file
// was opened to append. Cancellation: nothing was written.
func (f *File) WriteAt(ctx context.Context, p []byte, offset int64) (int, error) {
	switch here, err := f.here(ctx, int(min(offset, 1<<30))+len(p)); {
	case err != nil:
		return 0, err
	case here:
		n, err := f.writeAt(p, offset)
		return n, settled(ctx, err)
	}
	return elsewhere(ctx, f, func() (int, error) { return f.writeAt(p, offset) })
}

func (f *File) writeAt(p []byte, offset int64) (int, error) {
	if f.closed.Load() {
		return 0, anyio.ErrClosed
	}
	n, err := f.raw.WriteAt(p, offset)
	return n, f.outcome(err)
}

// Seek moves to an offset from the start, the end or where it is, as io.SeekStart,
// io.SeekEnd and io.SeekCurrent say, and returns the new offset from the start.
// Cancellation: it has not moved.
func (f *File) Seek(ctx context.Context, offset int64, whence int) (int64, error) {
	switch here, err := f.here(ctx, 0); {
	case err != nil:
		return 0, err
	case here:
		at, err := f.seek(offset, whence)
		return at, settled(ctx, err)
	}
	return elsewhere(ctx, f, func() (int64, error) { return f.seek(offset, whence) })
}

// Tell returns the offset from the start where the next Read or Write is. Cancellation:
// as for Seek.
func (f *File) Tell(ctx context.Context) (int64, error) { return f.Seek(ctx, 0, io.SeekCurrent) }

// Truncate makes the file size bytes long, cutting it or filling up with zeros. It
// does not move. Cancellation: the file is as it was.
func (f *File) Truncate(ctx context.Context, size int64) error {
	_, err := fileCall(ctx, f, int(min(size, 1<<30)), size, func(f *File, size int64) (struct{}, error) {
		return struct{}{}, f.raw.Truncate(size)
	})
	return err
}

// Sync brings what was written to the disk. Cancellation: it has not begun.
func (f *File) Sync(ctx context.Context) error {
	_, err := fileCall(ctx, f, 0, 0, func(f *File, _ int) (struct{}, error) { return struct{}{}, f.raw.Sync() })
	return err
}

// Stat describes the file. Cancellation: a call that has begun is not interrupted.
func (f *File) Stat(ctx context.Context) (fs.FileInfo, error) {
	return fileCall(ctx, f, 0, 0, func(f *File, _ int) (fs.FileInfo, error) { return f.raw.Stat() })
}

// fileCall makes a call on a file, which may move n bytes. If g is no closure a call in
// place allocates nothing.
func fileCall[A, T any](ctx context.Context, f *File, n int, a A, g func(*File, A) (T, error)) (v T, err error) {
	here, err := f.here(ctx, n)
	switch {
	case err != nil:
		return v, err
	case here:
		v, err := guarded(f, a, g)
		return v, settled(ctx, err)
	}
	return elsewhere(ctx, f, func() (T, error) { return guarded(f, a, g) })
}

func guarded[A, T any](f *File, a A, g func(*File, A) (T, error)) (v T, err error) {
	if f.closed.Load() {
		return v, anyio.ErrClosed
	}
	v, err = g(f, a)
	return v, f.outcome(err)
}
