package asyncio

import (
	"context"
	"crypto/tls"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A StreamWriter writes to a connection, for a task. It writes at once what goes, and
// buffers the rest; Drain waits until that is not too much.
type StreamWriter struct {
	transport Transport
	flow      *writeFlow
	closed    *Future[struct{}] // done when the connection is lost
	reader    *StreamReader     // nil: of the stdin of a process
}

// Transport returns the transport that is written to.
func (w *StreamWriter) Transport() Transport { return w.transport }

// Write writes data, or buffers it, and does not wait. It is an io.Writer.
func (w *StreamWriter) Write(data []byte) (int, error) { return w.transport.Write(data) }

// WriteLines writes the pieces one after the other.
func (w *StreamWriter) WriteLines(pieces [][]byte) error { return w.transport.WriteLines(pieces) }

// CanWriteEOF reports whether WriteEOF is possible; over TLS it is not.
func (w *StreamWriter) CanWriteEOF() bool { return w.transport.CanWriteEOF() }

// WriteEOF tells the other side, after what is buffered, that no more will be written.
func (w *StreamWriter) WriteEOF() { w.transport.WriteEOF() }

// ExtraInfo returns what the transport knows under a name; see BaseTransport.
func (w *StreamWriter) ExtraInfo(name string) any { return w.transport.ExtraInfo(name) }

// Close closes the connection when all is written. WaitClosed waits for that.
func (w *StreamWriter) Close() { w.transport.Close() }

// IsClosing reports whether the connection is closed, or about to be.
func (w *StreamWriter) IsClosing() bool { return w.transport.IsClosing() }

// WaitClosed waits until the connection is lost, and returns the error that has ended it,
// nil after Close. Cancellation: the connection goes on to close.
func (w *StreamWriter) WaitClosed(ctx context.Context) error {
	_, err := Shield(ctx, Awaitable[struct{}](w.closed)).Await(ctx)
	return err
}

// Drain waits until what is buffered is down to the transport's lower limit, if it was
// above the higher one. It returns the error of the reader, if it has one, and that of the
// connection if it is lost, which matches syscall.ECONNRESET if nothing else is known.
//
// Cancellation: what is buffered is written nevertheless.
func (w *StreamWriter) Drain(ctx context.Context) error {
	if w.reader != nil && w.reader.err != nil {
		return w.reader.err
	}
	if w.transport.IsClosing() { // lets the loss be told to who does nothing but write
		if err := kernel.Sleep(ctx, 0); err != nil {
			return err
		}
	}
	return w.flow.drain(ctx)
}

// StartTLS encrypts the connection from now on, after a handshake; see Loop.StartTLS. What
// was received before and not read is the beginning of the other side's handshake, so that
// nobody can mix plain data into the encrypted stream. No other task may be reading.
//
// Cancellation: the connection is aborted.
func (w *StreamWriter) StartTLS(ctx context.Context, config *tls.Config, o TLSOptions) error {
	r := w.reader
	if r == nil {
		return misuse("StartTLS of the standard input of a process")
	}
	if err := w.Drain(ctx); err != nil {
		return err
	}
	if r.waiter != nil {
		return misuse("StartTLS of a StreamWriter while another task reads what comes, encrypted or not")
	}
	received, eof := r.buf, r.eof
	r.buf, r.paused = nil, false
	t, err := r.loop.startTLS(ctx, w.transport, config, o, received, eof)
	if err != nil {
		return err
	}
	w.transport, r.transport = t, t
	if p, ok := t.Protocol().(*streamProtocol); ok {
		p.encrypted = true
	}
	return nil
}
