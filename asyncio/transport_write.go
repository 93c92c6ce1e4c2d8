package asyncio

import (
	"bytes"
	"log/slog"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// warnWrites is after how many writes to a connection that is lost there is a warning.
const warnWrites = 5

// Write implements Transport.
func (t *streamTransport) Write(data []byte) (int, error) {
	t.mustWrite("Write")
	if err := t.loop.refuseWrite(t, "Write"); err != nil {
		return 0, err
	}
	return t.write(data)
}

func (t *streamTransport) write(data []byte) (int, error) {
	switch {
	case t.eof:
		return 0, misuse("Write after WriteEOF")
	case len(data) == 0:
		return 0, nil
	case t.losing:
		if t.warned++; t.warned >= warnWrites {
			slog.Warn("asyncio: a protocol goes on writing to a connection that is lost")
		}
		return 0, anyio.ErrClosed
	}
	rest := data
	if len(t.buf) == 0 {
		n, err := t.conn.TryWrite(data)
		if err == nil {
			return len(data), nil
		}
		if err != kernel.ErrWouldBlock {
			t.fail(err, "write error on transport")
			return n, err
		}
		rest = data[n:]
	}
	t.buf = append(t.buf, rest...)
	t.flow.grown(t.loop, t.protocol, len(t.buf), t.context(""))
	return len(data), nil
}

// WriteLines implements Transport.
func (t *streamTransport) WriteLines(pieces [][]byte) error {
	if len(pieces) == 1 {
		_, err := t.Write(pieces[0])
		return err
	}
	_, err := t.Write(bytes.Join(pieces, nil))
	return err
}

// A streamWriter is the transport as the loop calls it when it may write.
type streamWriter streamTransport

// Called implements kernel.Callee.
func (w *streamWriter) Called() {
	t := (*streamTransport)(w)
	t.writing.begin()
	if t.losing || len(t.buf) == 0 {
		return
	}
	n, err := t.conn.TryWrite(t.buf)
	if err != nil && err != kernel.ErrWouldBlock {
		t.fail(err, "write error on transport")
		return
	}
	t.written(n)
	defer t.flushed()
	t.wakeSend(nil)
	t.flow.shrunk(t.loop, t.protocol, len(t.buf), t.context("")) // the protocol may write
}

// flushed does what was waiting for the buffer to be empty.
func (t *streamTransport) flushed() {
	if len(t.buf) > 0 || t.losing {
		return
	}
	switch {
	case t.closing:
		t.losing = true
		t.lost(nil)
	case t.eof:
		t.shutdown()
	}
}

// written drops what was written from the buffer. One that is empty is given back, and
// one that is mostly empty is moved.
func (t *streamTransport) written(n int) {
	switch rest := t.buf[n:]; {
	case len(rest) == 0:
		t.buf = nil
	case n > 0 && cap(rest) < cap(t.buf)/2 && len(rest) < 4<<10:
		t.buf = append([]byte(nil), rest...)
	default:
		t.buf = rest
	}
}

// WriteEOF implements Transport.
func (t *streamTransport) WriteEOF() {
	t.mustWrite("WriteEOF")
	switch {
	case t.closing || t.eof:
	case t.kind == writePipe:
		t.Close()
	default:
		t.eof = true
		if len(t.buf) == 0 {
			t.shutdown()
		}
	}
}

// CanWriteEOF implements Transport.
func (t *streamTransport) CanWriteEOF() bool { return t.kind != readPipe }

// shutdown ends what is written.
func (t *streamTransport) shutdown() {
	if err := t.conn.(kernel.StreamConn).CloseWrite(); err != nil {
		t.fail(err, "the end could not be written")
	}
}

func (t *streamTransport) mustWrite(op string) {
	t.loop.use(op)
	if t.kind == readPipe {
		panic(misuse(op + " to the end of a pipe that is read from"))
	}
}

// SetWriteBufferLimits implements Transport.
func (t *streamTransport) SetWriteBufferLimits(high, low int) error {
	t.mustWrite("SetWriteBufferLimits")
	if err := t.flow.set(high, low); err != nil {
		return err
	}
	if t.protocol != nil {
		t.flow.grown(t.loop, t.protocol, len(t.buf), t.context(""))
	}
	return nil
}

// WriteBufferLimits implements Transport.
func (t *streamTransport) WriteBufferLimits() (low, high int) { return t.flow.low(), t.flow.high() }

// WriteBufferSize implements Transport.
func (t *streamTransport) WriteBufferSize() int { return len(t.buf) }

// Close implements Transport.
func (t *streamTransport) Close() {
	t.loop.use("Close")
	if t.closing {
		return
	}
	t.closing = true
	t.conn.PauseReading()
	if len(t.buf) == 0 {
		t.loseSoon(nil)
	}
}

// Abort implements Transport.
func (t *streamTransport) Abort() {
	t.loop.use("Abort")
	t.lose(nil)
}

// IsClosing implements Transport.
func (t *streamTransport) IsClosing() bool { return t.closing }

// lose ends the connection and drops what is buffered.
func (t *streamTransport) lose(err error) {
	if t.losing {
		return
	}
	t.buf = nil
	if !t.closing {
		t.closing = true
		t.conn.PauseReading()
	}
	t.loseSoon(err)
}

func (t *streamTransport) loseSoon(err error) {
	t.losing = true
	t.wakeSend(err)
	t.loop.callSoon(func() { t.lost(err) })
}

// lost tells the protocol that the connection is.
func (t *streamTransport) lost(err error) {
	if t.protocol == nil {
		return
	}
	defer t.release()
	_ = t.loop.guarded(t.context("ConnectionLost of the protocol failed"), func() { t.protocol.ConnectionLost(err) })
}

// release gives up what a connection that is lost has held.
func (t *streamTransport) release() {
	t.protocol = nil
	_ = t.conn.Close() // there is nobody to be told
	if s := t.server; s != nil {
		t.server = nil
		s.detach()
	}
}
