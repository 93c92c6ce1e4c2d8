package fileio

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"iter"
	"runtime"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

const (
	aheadSize = 64 << 10 // bytes that ReadLine reads at once
	allChunk  = 1 << 20  // bytes that ReadAll reads in one call
)

// ReadLine reads up to and including the next "\n". The last line may lack it; after
// it comes anyio.ErrEndOfStream. A line is held in memory, however long it is.
// Cancellation: no byte is lost.
func (f *File) ReadLine(ctx context.Context) (string, error) {
	if f.waits(ctx) {
		return f.readLineEndless(ctx)
	}
	if f.limiter == nil && f.more.Load() { // often the line is there: it needs no call
		if _, err := kernel.Enter(ctx); err != nil {
			return "", err
		}
		if f.mu.TryLock() {
			line, ok := f.takeLine(0)
			f.mu.Unlock()
			if ok && !f.closed.Load() {
				return line, nil
			}
		}
	}
	switch here, err := f.here(ctx, 0); {
	case err != nil:
		return "", err
	case here:
		line, err := f.readLineRaw()
		return line, settled(ctx, err)
	}
	return elsewhere(ctx, f, f.readLineRaw)
}

// Lines ranges over the lines from here on, each with its "\n", as strings.Lines does.
// An error is the last pair. After leaving the loop one may go on with any method, or
// with Lines again. Cancellation: no line is lost.
func (f *File) Lines(ctx context.Context) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		for {
			line, err := f.ReadLine(ctx)
			if err == io.EOF || !yield(line, err) || err != nil {
				return
			}
		}
	}
}

// ReadLines reads the lines from here on, each with its "\n". With an error come those
// that were read before it. Cancellation: as after any error, the lines read before it
// are returned; no other is lost.
func (f *File) ReadLines(ctx context.Context) (lines []string, err error) {
	for line, err := range f.Lines(ctx) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

// ReadAll reads to the end of the file. It reads in pieces, and with an error comes
// what was read before it. Cancellation: noticed between the pieces; what was read is
// returned.
func (f *File) ReadAll(ctx context.Context) ([]byte, error) {
	data := make([]byte, 0, 512)
	if info, err := f.Stat(ctx); err != nil {
		return nil, err
	} else if at, err := f.Tell(ctx); err == nil && info.Mode().IsRegular() && info.Size() > at {
		data = make([]byte, 0, info.Size()-at+1) // room to see the end
	}
	for {
		if len(data) == cap(data) {
			data = append(data, 0)[:len(data)]
		}
		n, err := f.Read(ctx, data[len(data):min(cap(data), len(data)+allChunk)])
		data = data[:len(data)+n]
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return data, err
		}
	}
}

// takeLine takes a line that was read ahead. It does not look for its end before
// from. The caller holds mu.
func (f *File) takeLine(from int) (string, bool) {
	i := bytes.IndexByte(f.ahead[f.at+from:], '\n')
	if i < 0 {
		return "", false
	}
	return f.take(from + i + 1), true
}

// take takes n bytes that were read ahead. The caller holds mu.
func (f *File) take(n int) string {
	s := string(f.ahead[f.at : f.at+n])
	f.at += n
	f.tidy()
	return s
}

// tidy forgets what was taken. The caller holds mu.
func (f *File) tidy() {
	if f.at == len(f.ahead) {
		f.ahead, f.at = f.ahead[:0], 0
	}
	f.more.Store(len(f.ahead) > 0)
}

func (f *File) readLineRaw() (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed.Load() {
		return "", anyio.ErrClosed
	}
	return f.readLine(f.raw.Read)
}

// readLine reads on until there is a line. What it has read when read fails is kept.
// The caller holds mu, or reading of an endless file.
func (f *File) readLine(read func(p []byte) (int, error)) (string, error) {
	for seen := 0; ; {
		if line, ok := f.takeLine(seen); ok {
			return line, nil
		}
		seen = len(f.ahead) - f.at
		if f.at > 0 {
			f.ahead, f.at = append(f.ahead[:0], f.ahead[f.at:]...), 0
		}
		if cap(f.ahead)-seen < aheadSize {
			f.ahead = append(make([]byte, 0, 2*seen+aheadSize), f.ahead...)
		}
		n, err := read(f.ahead[seen:cap(f.ahead)])
		f.ahead = f.ahead[:seen+n]
		f.more.Store(len(f.ahead) > 0)
		switch {
		case err == io.EOF && len(f.ahead) > 0:
			return f.take(len(f.ahead)), nil
		case err != nil:
			return "", f.outcome(err)
		}
	}
}

// readAhead reads what ReadLine has read too much.
func (f *File) readAhead(p []byte) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := copy(p, f.ahead[f.at:])
	f.at += n
	f.tidy()
	return n
}

// seek moves, and forgets what was read ahead.
func (f *File) seek(offset int64, whence int) (int64, error) {
	if f.closed.Load() {
		return 0, anyio.ErrClosed
	}
	if runtime.GOOS == "windows" && uint(whence) > io.SeekEnd { // the system takes it for SeekStart
		return 0, &fs.PathError{Op: "seek", Path: f.Name(), Err: syscall.EINVAL}
	}
	if f.endless != nil { // it cannot, and says so
		at, err := f.raw.Seek(offset, whence)
		return at, f.outcome(err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if left := len(f.ahead) - f.at; left > 0 {
		if whence == io.SeekCurrent {
			offset -= int64(left)
		}
		at, err := f.raw.Seek(offset, whence)
		if err == nil { // else it has not moved
			f.ahead, f.at = f.ahead[:0], 0
			f.more.Store(false)
		}
		return at, f.outcome(err)
	}
	at, err := f.raw.Seek(offset, whence)
	return at, f.outcome(err)
}
