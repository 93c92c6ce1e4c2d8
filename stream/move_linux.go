package stream

import (
	"context"
	"errors"
	"math"
	"os"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/inside"
	"golang.org/x/sys/unix"
)

const (
	pipeSize  = 256 << 10 // bytes that are between two sockets at most
	fileChunk = 1 << 20   // bytes of a file that are read ahead and sent at once
)

// move copies inside the system, by splice(2) and sendfile(2). What is left when it is not
// over, as dst and src are not such that it can go on, remains to be copied.
func move(ctx context.Context, dst ByteSendStream, src ByteReceiveStream) (sent int64, over bool, err error) {
	to := inside.Raw(dst)
	if to == nil {
		return 0, false, nil
	}
	if file, isFile := src.(*FileReadStream); isFile {
		return sendFile(ctx, to, file)
	}
	if from := inside.Raw(src); from != nil {
		return splice(ctx, dst, to, from)
	}
	return 0, false, nil
}

// refused reports whether the system cannot do it with these descriptors.
func refused(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EPERM) || errors.Is(err, errors.ErrUnsupported)
}

// splice moves what comes from one socket by way of a pipe to another one.
func splice(ctx context.Context, dst ByteSendStream, to, from inside.RawStream) (sent int64, over bool, err error) {
	var pipe [2]int
	if unix.Pipe2(pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK) != nil {
		return 0, false, nil // there are no more descriptors
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])
	size, err := unix.FcntlInt(uintptr(pipe[1]), unix.F_SETPIPE_SZ, pipeSize)
	if err != nil {
		size = os.Getpagesize() // that much fits always
	}
	left := 0 // bytes in the pipe
	fill := func(fd uintptr) (int, error) {
		n, err := unix.Splice(int(fd), nil, pipe[1], nil, size, unix.SPLICE_F_NONBLOCK)
		return max(int(n), 0), err
	}
	drain := func(fd uintptr) (int, error) {
		n, err := unix.Splice(pipe[0], nil, int(fd), nil, left, unix.SPLICE_F_NONBLOCK)
		return max(int(n), 0), err // it is -1 with an error
	}
	for {
		left, err = from.ReceiveRaw(ctx, fill)
		switch {
		case errors.Is(err, anyio.ErrEndOfStream):
			return sent, true, nil
		case err != nil:
			return sent, !refused(err), err
		}
		for left > 0 {
			n, err := to.SendRaw(ctx, drain)
			sent, left = sent+int64(n), left-n
			if refused(err) {
				n, err = sendRest(ctx, dst, pipe[0], left)
				return sent + int64(n), err != nil, err
			}
			if err != nil {
				return sent, true, err
			}
		}
	}
}

// sendRest sends what is left in a pipe.
func sendRest(ctx context.Context, dst ByteSendStream, pipe, left int) (int, error) {
	buf := make([]byte, left)
	n, err := unix.Read(pipe, buf)
	if err == nil {
		err = dst.Send(ctx, buf[:n])
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// sendFile moves a file from where its next Receive would read to a socket. The end it
// leaves to Receive: not all files know their size.
func sendFile(ctx context.Context, to inside.RawStream, s *FileReadStream) (sent int64, over bool, err error) {
	if err := s.enter(ctx); err != nil {
		return 0, true, err
	}
	defer s.guard.Release()
	f := movedFile{s.file, math.MaxInt64}
	over, err = f.send(ctx, to)
	if failed, ok := errors.AsType[fileError](err); ok {
		err = outsideError(failed.error)
	}
	return math.MaxInt64 - f.left, over, err
}

// moveTo sends as much as it can to a socket. What is wrong with the file it leaves to who
// reads the rest.
func (f *movedFile) moveTo(ctx context.Context, dst ByteSendStream) error {
	to := inside.Raw(dst)
	if to == nil {
		return nil
	}
	over, err := f.send(ctx, to)
	if _, ok := errors.AsType[fileError](err); ok || !over {
		return nil
	}
	return err
}

// A fileError is of the file, not of the socket that it is sent to.
type fileError struct{ error }

// send moves the file to a socket. It is not over if that cannot go on, or nothing seems to
// be left. So that no loop is held up, each piece is read ahead as RunBlocking does.
func (f *movedFile) send(ctx context.Context, to inside.RawStream) (over bool, err error) {
	info, err := f.file.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return false, nil
	}
	raw, err := f.file.SyscallConn()
	if err != nil {
		return false, nil
	}
	left := 0 // of the piece
	ahead := func() (n int, err error) {
		if raw.Control(func(fd uintptr) { n, err = readAhead(int(fd), f.left) }) != nil {
			err = os.ErrClosed // what Control means has no name
		}
		if err != nil {
			err = fileError{err}
		}
		return n, err
	}
	send := func(fd uintptr) (n int, err error) {
		if raw.Control(func(file uintptr) { n, err = unix.Sendfile(int(fd), int(file), nil, left) }) != nil {
			return 0, fileError{os.ErrClosed}
		}
		return max(n, 0), err
	}
	for {
		left, err = anyio.RunBlockingValue(ctx, ahead, ownCall)
		if err != nil || left == 0 {
			return err != nil, err
		}
		for left > 0 {
			n, err := to.SendRaw(ctx, send)
			f.left, left = f.left-int64(n), left-n
			if err != nil {
				return !refused(err), err
			}
			if n == 0 { // it was cut off, or has less than it says
				return false, nil
			}
		}
	}
}

// readAhead has the next piece of a file read to the cache, and returns how long it is.
func readAhead(file int, most int64) (int, error) {
	var info unix.Stat_t
	if err := unix.Fstat(file, &info); err != nil {
		return 0, os.NewSyscallError("fstat", err)
	}
	at, err := unix.Seek(file, 0, unix.SEEK_CUR)
	if err != nil {
		return 0, os.NewSyscallError("lseek", err)
	}
	n := min(max(info.Size-at, 0), most, fileChunk)
	if n > 0 {
		_, _, _ = unix.Syscall(unix.SYS_READAHEAD, uintptr(file), uintptr(at), uintptr(n)) // else it is read when it is sent
	}
	return int(n), nil
}
