package asyncio

import (
	"context"
	"io"
	"math"

	"github.com/anyio-go/anyio"
)

// sendSize is how much of a file is read at once.
const sendSize = 64 << 10

// A fileTransport is a transport to which files are sent.
type fileTransport interface {
	Transport
	write(data []byte) (int, error) // Write, also while a file is being sent
}

// A fileSend is a call of SendFile.
type fileSend struct {
	to   fileTransport
	base *streamTransport // below TLS, or to itself
	wait *Future[struct{}]
	err  error // that ends the connection
}

// SendFile sends count bytes of file from offset on, or if count is zero all up to the end,
// and returns how many were written, or buffered, by t, a connection of this loop, plain
// or over TLS. It reads as RunBlocking does, piece by piece, and waits while more is
// buffered than the limits of t allow; the system's sendfile is not used. What was written
// before, and is afterwards, keeps its place. Meanwhile Write is a *anyio.MisuseError, and
// nothing is read, so that the end of the other side's data is seen later.
//
// A file that ends early is no error. The error is anyio.ErrClosed if t is closing, or is
// closed meanwhile by this side, and else that of the file or, when the other side has
// gone, of the connection. It is a *anyio.MisuseError if offset or count is negative, if
// SendFile is sending to t already, or if t is a pipe or was not made by this loop.
//
// Cancellation: what was sent remains sent, and t may be used on.
func (l *Loop) SendFile(ctx context.Context, t Transport, file io.ReaderAt, offset, count int64) (n int64, err error) {
	l.use("SendFile")
	to, _ := t.(fileTransport)
	base := baseOf(t)
	switch {
	case file == nil:
		return 0, misuse("SendFile: the file is nil")
	case offset < 0 || count < 0:
		return 0, misuse("SendFile: offset and count must not be negative")
	case to == nil || base == nil || base.loop != l || base.kind != socketWire:
		return 0, misuse("SendFile to what is no connection of this loop")
	case l.sends[base] != nil:
		return 0, misuse("SendFile while another file is being sent")
	case t.IsClosing():
		return 0, anyio.ErrClosed
	}
	if count == 0 {
		count = math.MaxInt64 - offset
	}
	s := &fileSend{to: to, base: base}
	l.sends[base] = s
	defer delete(l.sends, base)
	if t.IsReading() {
		t.PauseReading()
		defer t.ResumeReading()
	}
	return s.send(ctx, file, offset, count)
}

// baseOf is the transport of a socket below t, nil if it is not the loop's.
func baseOf(t Transport) *streamTransport {
	switch t := t.(type) {
	case *streamTransport:
		return t
	case *tlsTransport:
		return baseOf(t.raw)
	}
	return nil
}

// send reads and writes.
func (s *fileSend) send(ctx context.Context, file io.ReaderAt, offset, count int64) (sent int64, err error) {
	buf := make([]byte, min(count, sendSize))
	for sent < count {
		n, err := anyio.RunBlockingValue(ctx, func() (int, error) {
			return file.ReadAt(buf[:min(count-sent, sendSize)], offset+sent)
		})
		if n > 0 {
			if err := s.room(ctx); err != nil {
				return sent, err
			}
			n, err := s.to.write(buf[:n])
			sent += int64(n)
			if err != nil {
				return sent, err
			}
		}
		if err == io.EOF {
			return sent, nil
		}
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// room waits until the transport may be given more.
func (s *fileSend) room(ctx context.Context) error {
	for {
		switch {
		case s.err != nil:
			return s.err
		case s.to.IsClosing():
			return anyio.ErrClosed
		case !s.base.flow.paused:
			return nil
		}
		s.wait = CreateFuture[struct{}](s.base.loop)
		_, err := s.wait.Await(ctx)
		s.wait = nil
		if err != nil {
			return err
		}
	}
}

// wakeSend lets a SendFile to t look again, whether there is room or an error.
func (t *streamTransport) wakeSend(err error) {
	if s := t.loop.sends[t]; s != nil {
		s.err = err
		if s.wait != nil {
			s.wait.finish(struct{}{})
		}
	}
}

// refuseWrite is the error of writing to t while a file is sent to it.
func (l *Loop) refuseWrite(t fileTransport, op string) error {
	if len(l.sends) > 0 {
		if s := l.sends[baseOf(t)]; s != nil && s.to == t {
			return misuse(op + " while SendFile sends a file")
		}
	}
	return nil
}
