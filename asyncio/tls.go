package asyncio

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"time"

	"github.com/anyio-go/anyio/internal/tlsconf"
)

// A tlsLayer is the protocol of a transport below TLS, and makes the one above it. The
// handshake has a task; afterwards there is none: what comes is decrypted as far as there
// are whole records, and what is written is encrypted at once.
type tlsLayer struct {
	loop   *Loop
	raw    Transport
	conn   *tls.Conn
	config *tls.Config
	o      tlsOptions
	ctx    context.Context // whose values the handshake has
	app    BaseProtocol
	tell   bool              // ConnectionMade is to be called
	ready  *Future[struct{}] // of who waits for the handshake, nil for a server's
	in     []byte            // encrypted, not read yet
	more   *Future[struct{}] // the handshake waits for it
	open   bool              // the handshake is done
	// starving, during the handshake, waits for more.
	starving func() error
	eof      bool  // no more will come
	err      error // that has ended the connection, first
	paused   bool  // by the protocol above
	closing  bool
	lost     bool
	again    bool // a look at what has come is on its way
	buf      []byte
}

// tlsOptions are what a layer is made with.
type tlsOptions struct {
	config  *tls.Config
	server  bool
	name    string // of the server, for a client whose config has none
	nameBy  string // the user's option that gives the name, "" if there is none
	timeout time.Duration
}

// newTLSLayer makes the protocol for a transport.
func (l *Loop) newTLSLayer(ctx context.Context, app BaseProtocol, o tlsOptions, tell bool) (*tlsLayer, error) {
	t := &tlsLayer{loop: l, app: app, tell: tell, o: o, ctx: ctx}
	if o.server {
		t.config = tlsconf.Server(l.run, o.config, nil)
		t.conn = tls.Server((*tlsWire)(t), t.config)
		return t, nil
	}
	if o.config.ServerName != "" {
		o.name = ""
	}
	var err error
	if t.config, err = tlsconf.Client(l.run, o.config, o.name, o.nameBy); err != nil {
		return nil, err
	}
	t.conn = tls.Client((*tlsWire)(t), t.config)
	return t, nil
}

// guard calls a function of the protocol, whose failure ends the connection.
func (t *tlsLayer) guard(f func()) error {
	return t.loop.guardedOr(t.context(), f, t.fail)
}

func (t *tlsLayer) context() ErrorContext {
	return ErrorContext{Message: "the protocol of a TLS connection failed", Protocol: t.app, Transport: (*tlsTransport)(t)}
}

// fail ends the connection with an error, and tells who waits for it.
func (t *tlsLayer) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.closing = true
	t.raw.Abort()
	if t.ready != nil {
		t.ready.fail(err)
		t.ready.asked() // who has waited may be gone
	}
}

// look lets the loop look soon at what has come.
func (t *tlsLayer) look() {
	if t.again || t.lost {
		return
	}
	t.again = true
	t.loop.callSoon(func() {
		t.again = false
		_ = t.guard(t.pump)
	})
}

// pump decrypts what has come and gives it to the protocol.
func (t *tlsLayer) pump() {
	for t.open && !t.paused && !t.closing && !t.lost {
		buf, give := t.buffer()
		n, err := t.conn.Read(buf)
		if n > 0 {
			give(n)
		}
		switch {
		case err == nil:
		case errors.Is(err, tlsconf.ErrStarved):
			return
		case err == io.EOF: // the other side has said so
			t.app.EOFReceived()
			(*tlsTransport)(t).Close()
			return
		default:
			t.fail(tlsconf.Clear(err))
			return
		}
	}
}

const tlsRecord = 16 << 10

// buffer is where to decrypt to, and what to do then.
func (t *tlsLayer) buffer() (buf []byte, give func(n int)) {
	if p, ok := t.app.(BufferedProtocol); ok {
		if buf = p.GetBuffer(-1); len(buf) == 0 {
			panic(errors.New("asyncio: GetBuffer has returned an empty buffer"))
		}
		return buf, p.BufferUpdated
	}
	if t.buf == nil {
		t.buf = make([]byte, tlsRecord)
	}
	return t.buf, func(n int) { t.app.(Protocol).DataReceived(t.buf[:n]) }
}

// ConnectionMade implements BaseProtocol.
func (t *tlsLayer) ConnectionMade(raw Transport) {
	t.raw = raw
	t.shake()
}

// DataReceived implements Protocol.
func (t *tlsLayer) DataReceived(data []byte) {
	if !t.open || len(t.in) > 0 {
		t.in = append(t.in, data...)
		t.wake()
		_ = t.guard(t.pump)
		return
	}
	t.in = data // which is the transport's again afterwards
	_ = t.guard(t.pump)
	t.in = bytes.Clone(t.in)
}

// EOFReceived implements BaseProtocol. What has come before is read first: by the
// handshake, or when the protocol above reads on.
func (t *tlsLayer) EOFReceived() bool {
	t.eof = true
	t.wake()
	_ = t.guard(t.pump)
	return !t.open || t.paused && !t.closing
}

// ConnectionLost implements BaseProtocol. Who knows of the connection during the handshake
// is told that it has failed, whether the loss is seen before or after.
func (t *tlsLayer) ConnectionLost(err error) {
	t.lost, t.eof = true, true
	lost := t.err
	if lost == nil {
		t.err, lost = err, err
		if err != nil && !t.open {
			lost = t.handshakeError(err)
		}
	}
	t.wake()
	if t.told() {
		t.app.ConnectionLost(lost)
	}
}

// told reports whether the protocol knows of the connection: since the handshake, or since
// before StartTLS.
func (t *tlsLayer) told() bool { return t.open || !t.tell }

// PauseWriting implements BaseProtocol.
func (t *tlsLayer) PauseWriting() {
	if t.told() {
		t.app.PauseWriting()
	}
}

// ResumeWriting implements BaseProtocol.
func (t *tlsLayer) ResumeWriting() {
	if t.told() {
		t.app.ResumeWriting()
	}
}
