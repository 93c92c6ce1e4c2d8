package stream

import (
	"context"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/unclosed"
)

// A FileWriteStream sends to a file. As with a FileReadStream, its calls hold up no task.
type FileWriteStream struct{ fileStream }

var _ CountingSender = (*FileWriteStream)(nil)

// NewFileWriteStream makes a stream of an open file, which belongs to it from then
// on.
func NewFileWriteStream(file *os.File) *FileWriteStream {
	return newFileWriteStream(file, kernel.CallerPC(1))
}

func newFileWriteStream(file *os.File, pc uintptr) *FileWriteStream {
	s := &FileWriteStream{}
	s.open(file, "writing to", file.Write)
	if kernel.DebugRuns() {
		s.watch = unclosed.New(s, "stream.FileWriteStream", pc)
	}
	return s
}

// CreateFile opens a file to send to. What was in it is gone; if there is none it is
// made, with the permissions that os.Create gives. The errors are those of os.Create.
// Cancellation: nothing was done.
func CreateFile(ctx context.Context, path string) (*FileWriteStream, error) {
	file, err := openToWrite(ctx, path, os.O_TRUNC)
	if err != nil {
		return nil, err
	}
	return newFileWriteStream(file, kernel.CallerPC(1)), nil
}

// AppendFile opens a file to send to, as CreateFile does, but what is sent comes after
// what is in it, also if somebody else writes to it at the same time. Cancellation: as
// for CreateFile.
func AppendFile(ctx context.Context, path string) (*FileWriteStream, error) {
	file, err := openToWrite(ctx, path, os.O_APPEND)
	if err != nil {
		return nil, err
	}
	return newFileWriteStream(file, kernel.CallerPC(1)), nil
}

func openToWrite(ctx context.Context, path string, how int) (*os.File, error) {
	return anyio.RunBlockingValue(ctx, func() (*os.File, error) {
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|how, 0o666)
	})
}

// Send writes all of data. An error of the file, such as a full disk, is wrapped in
// an *anyio.BrokenError. Cancellation: nothing was written.
func (s *FileWriteStream) Send(ctx context.Context, data []byte) error {
	_, err := s.do(ctx, data)
	return err
}

// SendCounted implements CountingSender. Cancellation: as for Send.
func (s *FileWriteStream) SendCounted(ctx context.Context, data []byte) (int, error) {
	return s.do(ctx, data)
}
