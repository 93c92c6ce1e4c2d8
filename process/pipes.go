package process

import (
	"context"
	"errors"
	"io"
	"net"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// An end is a stream over our end of a pipe.
type end struct {
	conn  interrupt.Stream
	guard anyio.ResourceGuard
}

var (
	_ stream.ByteReceiveStream = (*receiveEnd)(nil)
	_ stream.ByteSendStream    = (*sendEnd)(nil)
)

type receiveEnd struct{ end }

type sendEnd struct{ end }

func newReceiver(f *os.File) *receiveEnd {
	return &receiveEnd{end{conn: interrupt.OfFile(f), guard: anyio.ResourceGuard{Action: "reading from"}}}
}

func newSender(f *os.File) *sendEnd {
	return &sendEnd{end{conn: interrupt.OfFile(f), guard: anyio.ResourceGuard{Action: "writing to"}}}
}

// Receive reads at least one byte. See stream.ByteReceiveStream.
func (e *receiveEnd) Receive(ctx context.Context, buf []byte) (int, error) {
	if len(buf) == 0 {
		return 0, refused(ctx, misuse("Receive into an empty buffer: pass one of at least a byte"))
	}
	if err := e.guard.Acquire(); err != nil {
		return 0, refused(ctx, err)
	}
	defer e.guard.Release()
	n, err := e.conn.Read(ctx, buf)
	return n, mapped(err)
}

// Send writes all of data. See stream.ByteSendStream.
func (e *sendEnd) Send(ctx context.Context, data []byte) error {
	if err := e.guard.Acquire(); err != nil {
		return refused(ctx, err)
	}
	defer e.guard.Release()
	_, err := e.conn.Write(ctx, data)
	return mapped(err)
}

// refused is the error of a call that can only fail: a canceled one is canceled.
func refused(ctx context.Context, err error) error {
	if _, canceled := kernel.Enter(ctx); canceled != nil {
		return canceled
	}
	return err
}

// Close closes our end and wakes who waits with ErrClosed. It never waits.
func (e *end) Close(context.Context) error { return mapped(e.conn.Close()) }

// mapped is an error of a pipe as streams have it.
func mapped(err error) error {
	switch {
	case err == nil || err == io.EOF || errors.Is(err, anyio.ErrCanceled):
		return err
	case errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrClosed):
		return anyio.ErrClosed
	}
	return &anyio.BrokenError{Cause: err}
}

// stdio are the files of a process's standard streams.
type stdio struct {
	child  [3]*os.File // the process's
	parent [3]*os.File // ours, of those that are pipes
	close  []*os.File  // to be closed here once the process has its own
}

// open opens the standard streams of a command.
func (s *stdio) open(c *Command) error {
	for _, f := range append([]*os.File{c.Stdin.file, c.Stdout.file, c.Stderr.file}, c.ExtraFiles...) {
		if f != nil && isClosed(f) { // the process would start without it
			return &os.PathError{Op: "pass", Path: f.Name(), Err: os.ErrClosed}
		}
	}
	for i, want := range []Stdio{c.Stdin, c.Stdout, c.Stderr} {
		var err error
		switch want.kind {
		case isDefault, isPipe:
			err = s.pipe(i)
		case isInherit:
			s.child[i] = []*os.File{os.Stdin, os.Stdout, os.Stderr}[i]
		case isNull:
			if s.child[i], err = os.OpenFile(os.DevNull, os.O_RDWR, 0); err == nil {
				s.close = append(s.close, s.child[i])
			}
		case isStdout:
			s.child[i] = s.child[1]
		case isFile:
			s.child[i] = want.file
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isClosed reports whether a file was closed, without what File.Fd does to it.
func isClosed(f *os.File) bool {
	c, err := f.SyscallConn()
	return err != nil || c.Control(func(uintptr) {}) != nil
}

func (s *stdio) pipe(i int) error {
	r, w, err := os.Pipe()
	if err != nil {
		return err
	}
	if i == 0 {
		s.child[i], s.parent[i] = r, w
	} else {
		s.child[i], s.parent[i] = w, r
	}
	s.close = append(s.close, s.child[i])
	return nil
}

// started closes what belongs to the process alone; failed, ours as well.
func (s *stdio) started() {
	for _, f := range s.close {
		_ = f.Close()
	}
}

func (s *stdio) failed() {
	s.started()
	for _, f := range s.parent {
		if f != nil {
			_ = f.Close()
		}
	}
}
