package fileio

import (
	"context"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/interrupt"
	"github.com/anyio-go/anyio/internal/kernel"
)

// An endless file is one whose calls may wait without end and which the system can wait
// for, as for a socket: a pipe, a FIFO, mostly a terminal. Its reads and writes can be
// canceled while they wait, like those of a socket, and need no token of a limiter.
type endless struct {
	conn    interrupt.Stream
	reading anyio.Lock // held by the task that reads; guards ahead and at of the File
	writing anyio.Lock
}

// endlessOf is nil of a file that the system cannot wait for.
func endlessOf(file *os.File) *endless {
	if file.SetReadDeadline(time.Time{}) != nil {
		return nil
	}
	return &endless{conn: interrupt.OfFile(file)}
}

// waits reports whether a call is to be one that can be canceled while it waits. In the
// simulator it is one step like all others, which nobody can leave.
func (f *File) waits(ctx context.Context) bool {
	return f.endless != nil && !kernel.Locate(ctx).Run().InPlace(true)
}

// readEndless is Read.
func (f *File) readEndless(ctx context.Context, p []byte) (int, error) {
	e := f.endless
	if err := e.reading.Acquire(ctx); err != nil {
		return 0, err
	}
	defer e.reading.Release()
	if f.closed.Load() {
		return 0, settled(ctx, anyio.ErrClosed)
	}
	if n := f.readAhead(p); n > 0 || len(p) == 0 {
		return n, nil
	}
	n, err := e.conn.Read(ctx, p)
	return n, f.outcome(err)
}

// readLineEndless is ReadLine.
func (f *File) readLineEndless(ctx context.Context) (string, error) {
	e := f.endless
	if err := e.reading.Acquire(ctx); err != nil {
		return "", err
	}
	defer e.reading.Release()
	if f.closed.Load() {
		return "", settled(ctx, anyio.ErrClosed)
	}
	return f.readLine(func(p []byte) (int, error) { return e.conn.Read(ctx, p) })
}

// writeEndless is Write.
func (f *File) writeEndless(ctx context.Context, p []byte) (int, error) {
	e := f.endless
	if err := e.writing.Acquire(ctx); err != nil {
		return 0, err
	}
	defer e.writing.Release()
	if f.closed.Load() {
		return 0, settled(ctx, anyio.ErrClosed)
	}
	n, err := e.conn.Write(ctx, p)
	return n, f.outcome(err)
}
