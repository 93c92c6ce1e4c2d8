package fileio

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"syscall"
	"time"
)

// A SpooledFile is a temporary file that is in memory as long as it is small.
type SpooledFile struct{ File }

// SpooledTempFile makes a file that is in memory until it has more than maxSize
// bytes; then, or when Rollover is called, it becomes a temporary file. With a maxSize
// of 0 or less only Rollover makes it one. No more than 2 GiB are in memory: what is to
// go further becomes a file or, if only Rollover makes it one, gives an error that
// matches syscall.EFBIG. Calls on memory are checkpoints, too. Close removes
// it.
func SpooledTempFile(maxSize int64, opts TempOptions) *SpooledFile {
	s := &SpooledFile{}
	s.spool = &spool{max: min(maxSize, maxInMemory), opts: opts}
	s.raw = s.spool
	return s
}

// Rollover makes it a file on disk, if it is not one already. Where it reads and writes
// stays the same. Cancellation: the file stays in memory.
func (s *SpooledFile) Rollover(ctx context.Context) error {
	if s.spool.file() != nil {
		_, err := s.here(ctx, 0)
		return err
	}
	_, err := fileCall(ctx, &s.File, inMemoryNever, 0, func(f *File, _ int) (struct{}, error) {
		return struct{}{}, f.spool.rollover()
	})
	return err
}

// InMemory reports whether it is still in memory.
func (s *SpooledFile) InMemory() bool { return s.spool.file() == nil }

// inMemoryNever is a number of bytes for calls that are not made in memory.
const inMemoryNever = int(^uint(0) >> 1)

// maxInMemory is how long a file in memory becomes at most. Without a limit a Seek far
// beyond the end and a Write of one byte would take all memory there is.
const maxInMemory = 1<<31 - 1

// A spool is the rawFile of a SpooledFile.
type spool struct {
	max  int64 // 0 or less: does not become a file by itself
	opts TempOptions

	mu     sync.Mutex // guards what follows; not held in calls of disk but while rolling over
	disk   *os.File   // nil in memory
	data   []byte
	at     int64
	closed bool
}

func (s *spool) file() *os.File {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.disk
}

// fits reports whether a call that moves n bytes stays in memory.
func (s *spool) fits(n int) bool {
	if n == inMemoryNever || !s.mu.TryLock() {
		return false
	}
	defer s.mu.Unlock()
	return s.disk == nil && (s.max <= 0 || n == 0 || int64(n) <= s.max-max(s.at, int64(len(s.data))))
}

func (s *spool) rollover() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.roll()
}

// roll moves everything to a file. The caller holds mu.
func (s *spool) roll() error {
	if s.disk != nil || s.closed {
		return nil
	}
	file, err := createNameless(s.opts)
	if err != nil {
		return err
	}
	_, err = file.Write(s.data)
	if err == nil {
		_, err = file.Seek(s.at, io.SeekStart)
	}
	if err != nil {
		return errors.Join(err, closeNameless(file))
	}
	s.disk, s.data = file, nil
	return nil
}

// memory calls f if it is to happen in memory. The file is to reach from where need says
// so many bytes further, if that is known.
func (s *spool) memory(need func() (from, n int64), f func() error) (*os.File, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	if s.disk == nil && need != nil {
		limit := int64(maxInMemory)
		if s.max > 0 {
			limit = s.max
		}
		from, n := need()
		switch { // from may be so large that no sum can be made of it
		case n == 0 || n <= limit-from:
		case s.max <= 0:
			return nil, syscall.EFBIG
		default:
			if err := s.roll(); err != nil {
				return nil, err
			}
		}
	}
	if s.disk != nil {
		return s.disk, nil
	}
	return nil, f()
}

func (s *spool) Read(p []byte) (n int, err error) {
	disk, err := s.memory(nil, func() error {
		n, err = s.get(p, s.at)
		s.at += int64(n)
		if len(p) == 0 || n > 0 {
			return nil
		}
		return err
	})
	if disk != nil {
		return disk.Read(p)
	}
	return n, err
}

func (s *spool) ReadAt(p []byte, offset int64) (n int, err error) {
	disk, err := s.memory(nil, func() error {
		n, err = s.get(p, offset)
		return err
	})
	if disk != nil {
		return disk.ReadAt(p, offset)
	}
	return n, err
}

func (s *spool) get(p []byte, offset int64) (n int, err error) {
	if offset < 0 {
		return 0, fs.ErrInvalid
	}
	if offset < int64(len(s.data)) {
		n = copy(p, s.data[offset:])
	}
	if n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (s *spool) Write(p []byte) (n int, err error) {
	disk, err := s.memory(func() (from, n int64) { return s.at, int64(len(p)) }, func() error {
		n = s.put(p, s.at)
		s.at += int64(n)
		return nil
	})
	if disk != nil {
		return disk.Write(p)
	}
	return n, err
}

func (s *spool) WriteAt(p []byte, offset int64) (n int, err error) {
	if offset < 0 {
		return 0, fs.ErrInvalid
	}
	disk, err := s.memory(func() (from, n int64) { return offset, int64(len(p)) }, func() error {
		n = s.put(p, offset)
		return nil
	})
	if disk != nil {
		return disk.WriteAt(p, offset)
	}
	return n, err
}

func (s *spool) put(p []byte, offset int64) int {
	if len(p) > 0 {
		s.resize(max(int64(len(s.data)), offset+int64(len(p))))
	}
	return copy(s.data[min(offset, int64(len(s.data))):], p)
}

func (s *spool) resize(size int64) {
	if old := int64(len(s.data)); size > old {
		s.data = append(s.data, make([]byte, size-old)...)
	}
	s.data = s.data[:size]
}

func (s *spool) Seek(offset int64, whence int) (at int64, err error) {
	disk, err := s.memory(nil, func() error {
		switch whence {
		case io.SeekStart:
		case io.SeekCurrent:
			offset += s.at
		case io.SeekEnd:
			offset += int64(len(s.data))
		default:
			offset = -1
		}
		if offset < 0 {
			return fs.ErrInvalid
		}
		s.at, at = offset, offset
		return nil
	})
	if disk != nil {
		return disk.Seek(offset, whence)
	}
	return at, err
}

func (s *spool) Truncate(size int64) error {
	disk, err := s.memory(func() (from, n int64) { return 0, size }, func() error {
		if size < 0 {
			return fs.ErrInvalid
		}
		s.resize(size)
		return nil
	})
	if disk != nil {
		return disk.Truncate(size)
	}
	return err
}

func (s *spool) Sync() error {
	disk, err := s.memory(nil, func() error { return nil })
	if disk != nil {
		return disk.Sync()
	}
	return err
}

func (s *spool) Stat() (info fs.FileInfo, err error) {
	disk, err := s.memory(nil, func() error {
		info = memoryInfo(len(s.data))
		return nil
	})
	if disk != nil {
		return disk.Stat()
	}
	return info, err
}

func (s *spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed, s.data = true, nil
	if s.disk == nil {
		return nil
	}
	return closeNameless(s.disk)
}

// memoryInfo describes a file in memory of so many bytes.
type memoryInfo int64

func (i memoryInfo) Name() string       { return "" }
func (i memoryInfo) Size() int64        { return int64(i) }
func (i memoryInfo) Mode() fs.FileMode  { return 0o600 }
func (i memoryInfo) ModTime() time.Time { return time.Time{} }
func (i memoryInfo) IsDir() bool        { return false }
func (i memoryInfo) Sys() any           { return nil }
