package asyncio

import (
	"fmt"
	"io"
	"net"
	"time"

	"github.com/anyio-go/anyio/internal/tlsconf"
)

// A tlsWire is the connection as crypto/tls sees it.
type tlsWire tlsLayer

// errTruncated is the error of a connection that ends and should not.
var errTruncated = fmt.Errorf("asyncio: the other side has ended the connection without ending TLS: %w", io.ErrUnexpectedEOF)

// Read takes what has come.
func (w *tlsWire) Read(p []byte) (int, error) {
	for len(w.in) == 0 {
		switch {
		case w.eof && w.err != nil:
			return 0, w.err
		case w.eof:
			return 0, errTruncated
		case w.starving == nil:
			return 0, tlsconf.ErrStarved
		}
		if err := w.starving(); err != nil {
			return 0, err
		}
	}
	n := copy(p, w.in)
	if w.in = w.in[n:]; len(w.in) == 0 {
		w.in = nil
	}
	return n, nil
}

// Write writes, or buffers, what was encrypted.
func (w *tlsWire) Write(p []byte) (int, error) { return w.raw.Write(p) }

func (w *tlsWire) Close() error                     { return nil }
func (w *tlsWire) LocalAddr() net.Addr              { return nil }
func (w *tlsWire) RemoteAddr() net.Addr             { return nil }
func (w *tlsWire) SetDeadline(time.Time) error      { return nil }
func (w *tlsWire) SetReadDeadline(time.Time) error  { return nil }
func (w *tlsWire) SetWriteDeadline(time.Time) error { return nil }
