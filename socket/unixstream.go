package socket

import (
	"context"
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A UnixStream is a connected UNIX stream socket, over which descriptors can be
// passed to the other side. In the simulator those calls fail with an error that
// matches errors.ErrUnsupported.
type UnixStream struct{ Stream }

func newUnixStream(c kernel.StreamConn, pc uintptr) *UnixStream {
	s := &UnixStream{}
	s.init(c)
	return watched(s, &s.endpoint, "socket.UnixStream", pc)
}

// SendFDs sends a message, which must not be empty, and with its first byte copies
// of the descriptors, at least one. They stay open here. The errors are those of
// Send.
//
// Cancellation: the descriptors and a part of the message may have been sent.
func (s *UnixStream) SendFDs(ctx context.Context, message []byte, fds ...uintptr) error {
	switch {
	case len(message) == 0:
		return s.refused(ctx, misuse("SendFDs: the message must not be empty"))
	case len(fds) == 0:
		return s.refused(ctx, misuse("SendFDs: there must be at least one descriptor"))
	}
	if err := s.beginSend(ctx); err != nil {
		return err
	}
	defer s.writing.Release()
	if err := s.c.WriteFDs(ctx, message, fds); err != nil {
		return s.sendFailed(err)
	}
	return nil
}

// SendFiles is like SendFDs but for anything with a descriptor, such as files and
// sockets. Cancellation: as for SendFDs.
func (s *UnixStream) SendFiles(ctx context.Context, message []byte, files ...any) error {
	fds := make([]uintptr, len(files))
	for i, f := range files {
		fd, err := fdOf("SendFiles", f)
		if err != nil {
			return s.refused(ctx, err)
		}
		fds[i] = fd
	}
	err := s.SendFDs(ctx, message, fds...)
	keepAlive(files)
	return err
}

// ErrDescriptorsCut is returned by ReceiveFDs and ReceiveFiles when more descriptors
// came than there was room for, or than the process may have open. The data, and those
// there was room for, are returned with it.
var ErrDescriptorsCut = kernel.ErrDescriptorsCut

// ReceiveFDs waits for data as Receive does, and receives the descriptors that came
// with it, up to len(fds), which now belong to the caller. If more came, these are
// closed, and ErrDescriptorsCut is returned beside what there was room for.
//
// Cancellation: no byte and no descriptor is lost.
func (s *UnixStream) ReceiveFDs(ctx context.Context, buf []byte, fds []uintptr) (n, nfds int, err error) {
	switch {
	case len(buf) == 0:
		return 0, 0, s.refused(ctx, errEmptyBuffer)
	case len(fds) == 0:
		return 0, 0, s.refused(ctx, misuse("ReceiveFDs: there must be room for at least one descriptor"))
	}
	if err := s.reading.Acquire(); err != nil {
		return 0, 0, s.refused(ctx, err)
	}
	defer s.reading.Release()
	n, nfds, err = s.c.ReadFDs(ctx, buf, fds)
	if err != nil && err != ErrDescriptorsCut {
		err = s.receiveFailed(err)
	}
	return n, nfds, err
}

// ReceiveFiles is like ReceiveFDs but returns at most limit files. Close them.
// Cancellation: as for ReceiveFDs.
func (s *UnixStream) ReceiveFiles(ctx context.Context, buf []byte, limit int) (n int, files []*os.File, err error) {
	if limit <= 0 {
		return 0, nil, s.refused(ctx, misuse("ReceiveFiles: the limit must be positive, it is %d", limit))
	}
	fds := make([]uintptr, limit)
	n, nfds, err := s.ReceiveFDs(ctx, buf, fds)
	for _, fd := range fds[:nfds] {
		files = append(files, os.NewFile(fd, "received"))
	}
	return n, files, err
}
