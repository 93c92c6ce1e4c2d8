package stream

import (
	"context"
	"io"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// A FileReadStream receives what is in a file. It is for files, whose reading ends
// soon; what may block for long, such as a terminal or a FIFO, is better
// received from by FromReader, which can be canceled.
//
// Its calls are those of RunBlocking and hold up no task: on the parallel backend
// they are made in place, on the event loop on another goroutine, in the simulator
// as one step.
type FileReadStream struct{ fileStream }

var _ ByteReceiveStream = (*FileReadStream)(nil)

// NewFileReadStream makes a stream of an open file, which belongs to it from then
// on.
func NewFileReadStream(file *os.File) *FileReadStream {
	return newFileReadStream(file, kernel.CallerPC(1))
}

func newFileReadStream(file *os.File, pc uintptr) *FileReadStream {
	s := &FileReadStream{}
	s.open(file, "reading from", file.Read)
	if kernel.DebugRuns() {
		s.watch = unclosed.New(s, "stream.FileReadStream", pc)
	}
	return s
}

// OpenFile opens a file to receive from. The errors are those of os.Open.
// Cancellation: the file is not opened.
func OpenFile(ctx context.Context, path string) (*FileReadStream, error) {
	file, err := anyio.RunBlockingValue(ctx, func() (*os.File, error) { return os.Open(path) })
	if err != nil {
		return nil, err
	}
	return newFileReadStream(file, kernel.CallerPC(1)), nil
}

// Receive reads up to len(buf) bytes. At the end of the file it returns
// ErrEndOfStream; if the file has grown it goes on the next time. An error of
// the file is wrapped in an *anyio.BrokenError. Cancellation: no byte is lost.
func (s *FileReadStream) Receive(ctx context.Context, buf []byte) (int, error) {
	if len(buf) == 0 {
		if _, err := kernel.Enter(ctx); err != nil {
			return 0, err
		}
		return 0, errEmptyBuffer
	}
	return s.do(ctx, buf)
}

// Seek moves to an offset from the start, the end or where it is, as io.SeekStart,
// io.SeekEnd and io.SeekCurrent say, and returns the new offset from the start. A
// file that cannot, such as a pipe, gives the error of the system. Cancellation:
// it has not moved.
func (s *FileReadStream) Seek(ctx context.Context, offset int64, whence int) (int64, error) {
	if err := s.enter(ctx); err != nil {
		return 0, err
	}
	defer s.guard.Release()
	return anyio.RunBlockingValue(ctx, func() (int64, error) { return s.file.Seek(offset, whence) })
}

// Tell returns the offset from the start where the next Receive reads. Cancellation: as
// for Seek.
func (s *FileReadStream) Tell(ctx context.Context) (int64, error) {
	return s.Seek(ctx, 0, io.SeekCurrent)
}
