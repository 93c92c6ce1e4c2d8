package tlsstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/tlsconf"
	"github.com/anyio-go/anyio/stream"
)

const (
	headerLen  = 5         // of a record: type, version, length
	firstRead  = 4 << 10   // size of the buffer for what is received, to begin with
	fullRead   = 32 << 10  // its size when a lot comes in
	writeChunk = 64 << 10  // how much plaintext is encrypted before it is sent
	replyFlush = 1 << 10   // unsent replies that make Receive send them
	replyLimit = 128 << 10 // the same while a send is stuck: then the other side is given up
)

// A wire is the net.Conn that crypto/tls reads from and writes to. Writing only
// appends to a buffer. Reading takes from a buffer, and never beyond the end of a
// record, so that what follows a closing alert stays here. If the buffer is empty it
// fails with tlsconf.ErrStarved, which crypto/tls does not keep, and goes on from there the
// next time; only in the handshake, which cannot be taken up again, it waits.
//
// fill and flush move the bytes from and to the transport.
type wire struct {
	transport stream.ByteStream
	handshake context.Context // nil after the handshake
	err       error           // of the transport, in the handshake

	// What was received. It belongs to whoever is receiving.
	buf     []byte
	in      []byte          // the unread part of buf
	left    int             // bytes of the record that have not been read
	header  [headerLen]byte // of the record whose length is not known yet
	headers int             // bytes in header
	ended   bool            // the transport ended without a closing alert

	mu  sync.Mutex // guards out, for moments
	out *outBuffer // what is to be sent; nil if nothing

	// For the one who holds the line of the stream.
	unsent *outBuffer // the rest of what an earlier flush did not finish; nil if nothing
	broken error      // why the transport cannot be written to any more
}

// An outBuffer holds records that are to be sent.
type outBuffer struct {
	data []byte
	sent int // how much of data
}

var outBuffers = sync.Pool{New: func() any { return new(outBuffer) }}

// Read gives crypto/tls what has come of one record.
func (w *wire) Read(p []byte) (int, error) {
	if len(w.in) == 0 {
		if w.handshake == nil {
			return 0, tlsconf.ErrStarved
		}
		if err := w.exchange(w.handshake); err != nil {
			w.err = err
			return 0, err
		}
	}
	total := 0
	for len(p) > 0 && len(w.in) > 0 {
		n := 0
		if w.left > 0 {
			n = copy(p[:min(len(p), w.left)], w.in)
			w.left -= n
		} else {
			n = min(copy(p, w.in), headerLen-w.headers)
			copy(w.header[w.headers:], w.in[:n])
			if w.headers += n; w.headers == headerLen {
				w.left, w.headers = int(w.header[3])<<8|int(w.header[4]), 0
			}
		}
		p, w.in, total = p[n:], w.in[n:], total+n
		if w.left == 0 && w.headers == 0 {
			break // the end of a record
		}
	}
	return total, nil
}

// inRecord reports whether crypto/tls has a part of a record.
func (w *wire) inRecord() bool { return w.left > 0 || w.headers > 0 }

// exchange sends what crypto/tls has to say, and waits for an answer.
func (w *wire) exchange(ctx context.Context) error {
	if err := w.flush(ctx); err != nil {
		return err
	}
	return w.fill(ctx)
}

// fill waits for data from the transport. All that was there must have been read.
// Cancellation: nothing is lost.
func (w *wire) fill(ctx context.Context) error {
	if w.buf == nil {
		w.buf = make([]byte, firstRead)
	}
	n, err := w.transport.Receive(ctx, w.buf)
	if err != nil {
		return err
	}
	w.in = w.buf[:n]
	if n == firstRead && n == len(w.buf) {
		w.buf = make([]byte, fullRead) // for the next time
	}
	return nil
}

// Write keeps what crypto/tls wants to send until somebody calls flush.
func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	if w.out == nil {
		w.out = outBuffers.Get().(*outBuffer)
	}
	w.out.data = append(w.out.data, p...)
	w.mu.Unlock()
	return len(p), nil
}

// waiting is the number of bytes that wait for a flush to begin.
func (w *wire) waiting() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.out == nil {
		return 0
	}
	return len(w.out.data)
}

// flush sends all that was written, also what is written meanwhile. One caller at a
// time: the line of the stream is held.
//
// If it is canceled and the transport tells how much it has sent, the next flush goes
// on from there. Else the sending side is of no use any more.
func (w *wire) flush(ctx context.Context) error {
	for w.broken == nil {
		b := w.take()
		if b == nil {
			return nil
		}
		if err := w.send(ctx, b); err != nil {
			return err
		}
	}
	return w.broken
}

// take is what is to be sent next, nil if nothing.
func (w *wire) take() *outBuffer {
	if b := w.unsent; b != nil {
		w.unsent = nil
		return b
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.out
	w.out = nil
	return b
}

func (w *wire) send(ctx context.Context, b *outBuffer) (err error) {
	counting, counts := w.transport.(stream.CountingSender)
	if counts {
		var n int
		n, err = counting.SendCounted(ctx, b.data[b.sent:])
		b.sent += n
	} else {
		err = w.transport.Send(ctx, b.data[b.sent:])
	}
	switch {
	case err == nil:
	case errors.Is(err, anyio.ErrBroken) || errors.Is(err, anyio.ErrClosed):
		w.broken = err
	case counts:
		w.unsent = b
		return err
	default: // a cancellation must not be met again by others: it is told, not wrapped
		w.broken = &anyio.BrokenError{Cause: fmt.Errorf("tlsstream: an earlier send ended in the middle of a record: %v", err)}
	}
	b.data, b.sent = b.data[:0], 0
	outBuffers.Put(b)
	return err
}

// The rest of net.Conn: crypto/tls sets deadlines round its closing alert, closes
// when a handshake is canceled, and names sessions by address if there is no host
// name. The transport stays untouched.

func (w *wire) Close() error                     { return nil }
func (w *wire) LocalAddr() net.Addr              { return w.addr(stream.AttrLocalAddr) }
func (w *wire) RemoteAddr() net.Addr             { return w.addr(stream.AttrRemoteAddr) }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetReadDeadline(time.Time) error  { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// addr is what callbacks of the config may want to know.
func (w *wire) addr(which *attr.Key[net.Addr]) net.Addr {
	if a, err := attr.GetOr[net.Addr](w.transport, which, nil); err == nil && a != nil {
		return a
	}
	return noAddr{}
}

type noAddr struct{}

func (noAddr) Network() string { return "stream" }
func (noAddr) String() string  { return "" }
