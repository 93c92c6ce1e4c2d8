package fileio

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// A File is an open file. It reads and writes bytes without a buffer of its own,
// except that ReadLine and Lines read ahead; the other methods know of that, so all
// may be mixed. Writes reach the system at once: there is nothing to flush, and Sync
// brings them to the disk.
//
// Methods may be called from several tasks and goroutines at the same time, as those
// of an os.File.
type File struct {
	raw     rawFile
	spool   *spool   // raw, if it may be in memory
	endless *endless // how to wait for raw, if the system can
	name    string
	limiter *anyio.CapacityLimiter
	closed  atomic.Bool
	atClose func() error // after closing; may be nil

	mu    sync.Mutex  // held where one may block; guards ahead[at:], unless endless does
	ahead []byte      // read by ReadLine
	at    int         // where the next byte is in ahead
	more  atomic.Bool // there may be bytes ahead
}

var _ anyio.Resource = (*File)(nil)

// A rawFile is what a File is made on: an os.File, or memory.
type rawFile interface {
	io.ReadWriteSeeker
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
}

// Open opens a file to read. Cancellation: it is not opened.
func Open(ctx context.Context, name string) (*File, error) {
	return OpenFile(ctx, name, os.O_RDONLY, 0)
}

// Create opens a file to read and write. What was in it is gone; if there is none it
// is made with the permissions 0666, less the umask. Cancellation: nothing was done.
func Create(ctx context.Context, name string) (*File, error) {
	return OpenFile(ctx, name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
}

// OpenFile opens a file as os.OpenFile does, with flags such as os.O_WRONLY|os.O_APPEND.
// Opening a FIFO may wait without end, see the package comment. Cancellation: nothing was
// done.
func OpenFile(ctx context.Context, name string, flag int, perm fs.FileMode) (*File, error) {
	file, err := callWith(ctx, opening{name, flag, perm}, opening.open)
	if err != nil {
		return nil, err
	}
	f := Wrap(file)
	f.limiter = limiterOf(ctx)
	return f, nil
}

// An opening is what OpenFile is asked for.
type opening struct {
	name string
	flag int
	perm fs.FileMode
}

func (o opening) open() (*os.File, error) { return os.OpenFile(o.name, o.flag, o.perm) }

// Wrap makes a File of an open file, which belongs to it from then on.
func Wrap(file *os.File) *File {
	return &File{raw: file, endless: endlessOf(file), name: file.Name()}
}

// Wrapped returns the os.File, nil for a spooled file that is in memory.
func (f *File) Wrapped() *os.File {
	if f.spool != nil {
		return f.spool.file()
	}
	return f.raw.(*os.File)
}

// Name returns the name the file was opened with, "" for a spooled one.
func (f *File) Name() string { return f.name }

// Fd returns the file's descriptor, on Windows its handle. It stays as it is: unlike
// the method of os.File this does not change how the file blocks.
func (f *File) Fd() (fd uintptr, err error) {
	file := f.Wrapped()
	switch {
	case f.closed.Load():
		return 0, anyio.ErrClosed
	case file == nil:
		return 0, &anyio.MisuseError{Text: "fileio: the descriptor of a spooled file that is in memory: call Rollover first"}
	}
	raw, err := file.SyscallConn()
	if err == nil {
		err = raw.Control(func(d uintptr) { fd = d })
	}
	return fd, f.outcome(err)
}

// SetLimiter lets calls on the file take a token of l, on every backend. Without it and
// WithLimiter, or with nil, they take one of the run's default limiter where they are
// made elsewhere, and none where they are made in place. Reads and writes of a pipe, a
// FIFO or a terminal take none. Set it before the file is used.
func (f *File) SetLimiter(l *anyio.CapacityLimiter) { f.limiter = l }

// Limiter returns what was given to SetLimiter.
func (f *File) Limiter() *anyio.CapacityLimiter { return f.limiter }

// Closed reports whether Close has been called.
func (f *File) Closed() bool { return f.closed.Load() }

// Close closes the file, and removes a temporary one; further calls do nothing. A Read
// that waits for a pipe or a terminal returns anyio.ErrClosed, if the system can wait
// for it. An error tells that data may be lost. Cancellation: ignored; the file is
// closed.
func (f *File) Close(ctx context.Context) error {
	if f.closed.Swap(true) {
		return nil
	}
	if f.spool != nil && f.spool.file() == nil || cleansInPlace(ctx) { // no thread is needed
		return f.shutdown()
	}
	return cleanup(ctx, f.shutdown)
}

func (f *File) shutdown() error {
	var err error
	if f.endless != nil { // it decides for those who wait
		err = f.endless.conn.Close()
	} else {
		err = f.raw.Close()
	}
	if errors.Is(err, os.ErrClosed) {
		err = nil // by somebody who has the os.File
	}
	if f.atClose != nil {
		err = errors.Join(err, f.atClose())
	}
	return err
}

// here begins a call if it is to be made by its caller. If it moves n bytes, it may be
// one that stays in memory.
func (f *File) here(ctx context.Context, n int) (bool, error) {
	if f.limiter != nil {
		return false, nil
	}
	if f.spool != nil && f.spool.fits(n) {
		_, err := kernel.Enter(ctx)
		return true, err
	}
	return inPlace(ctx)
}

// opts are the options of RunBlocking.
func (f *File) opts() []anyio.BlockingOption {
	if f.limiter == nil {
		return owns
	}
	return []anyio.BlockingOption{own, anyio.Limiter(f.limiter)}
}

// outcome is the error of a call as the caller is to see it.
func (f *File) outcome(err error) error {
	if err != nil && err != io.EOF && !errors.Is(err, anyio.ErrCanceled) && (f.closed.Load() || errors.Is(err, os.ErrClosed)) {
		return anyio.ErrClosed
	}
	return err
}

// elsewhere makes a call on a thread. One that comes too late, as the file was closed
// while it waited for that, is canceled if its caller is.
func elsewhere[T any](ctx context.Context, f *File, call func() (T, error)) (T, error) {
	v, err := anyio.RunBlockingValue(ctx, call, f.opts()...)
	return v, settled(ctx, err)
}

// settled is the error of a call that has not waited for the file.
func settled(ctx context.Context, err error) error {
	if err == anyio.ErrClosed {
		return kernel.Locate(ctx).CanceledOr(err)
	}
	return err
}
