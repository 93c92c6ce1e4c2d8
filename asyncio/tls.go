package asyncio

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
)

// DefaultHandshakeTimeout is how long a TLS handshake may take if it is not said.
const DefaultHandshakeTimeout = 60 * time.Second

// A tlsLayer is the protocol of a transport below TLS, and makes the one above it. The
// handshake has a task; afterwards there is none: what comes is decrypted as far as there
// are whole records, and what is written is encrypted at once.
type tlsLayer struct {
	loop   *Loop
	raw    Transport
	conn   *tls.Conn
	config *tls.Config
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
	timeout time.Duration
}

// newTLSLayer makes the protocol for a transport.
func (l *Loop) newTLSLayer(ctx context.Context, app BaseProtocol, o tlsOptions, tell bool) *tlsLayer {
	t := &tlsLayer{loop: l, app: app, tell: tell}
	t.config = o.config.Clone()
	if t.config.Time == nil {
		t.config.Time = func() time.Time { return l.run.Today() }
	}
	if t.config.ServerName == "" && !o.server {
		t.config.ServerName = o.name
	}
	if o.server {
		t.conn = tls.Server((*tlsWire)(t), t.config)
	} else {
		t.conn = tls.Client((*tlsWire)(t), t.config)
	}
	timeout := o.timeout
	if timeout <= 0 {
		timeout = DefaultHandshakeTimeout
	}
	t.shake(ctx, timeout)
	return t
}

// shake begins the handshake, in a task of the loop's own. It waits for the transport.
func (t *tlsLayer) shake(ctx context.Context, timeout time.Duration) {
	w := &kernel.Task{}
	w.Prepare(func(ctx context.Context) error {
		err := anyio.FailAfter(ctx, timeout, func(ctx context.Context) error {
			for t.raw == nil && !t.eof {
				if err := t.wait(ctx); err != nil {
					return err
				}
			}
			return t.handshake(ctx)
		})
		t.shaken(err)
		return nil
	}, 0, &kernel.TaskMeta{Name: "asyncio: TLS handshake", HasName: true, Boot: ownTask{}, Values: ctx})
	t.loop.group.Spawn(w)
}

// handshake lets crypto/tls read until it is done. What it waits for is canceled with ctx.
func (t *tlsLayer) handshake(ctx context.Context) error {
	t.starving = func() error { return t.wait(ctx) }
	defer func() { t.starving = nil }()
	return t.conn.Handshake()
}

// wait waits until more has come.
func (t *tlsLayer) wait(ctx context.Context) error {
	t.more = CreateFuture[struct{}](t.loop)
	err := t.more.wait(ctx)
	t.more = nil
	return err
}

func (t *tlsLayer) wake() {
	if t.more != nil {
		t.more.finish(struct{}{})
	}
}

// shaken is called when the handshake is over.
func (t *tlsLayer) shaken(err error) {
	if err == nil && t.lost {
		err = errLost
	}
	if err != nil {
		t.err = err
		if t.raw != nil {
			t.raw.Abort()
		}
		if t.ready != nil {
			t.ready.fail(err)
			t.ready.asked() // who has waited may be gone
		} else {
			t.loop.CallExceptionHandler(ErrorContext{Message: "a TLS handshake has failed", Err: err, Protocol: t.app, Transport: t.raw})
		}
		return
	}
	t.open = true
	if t.tell {
		if t.guard(func() { t.app.ConnectionMade((*tlsTransport)(t)) }) != nil {
			return
		}
	}
	if t.ready != nil {
		t.ready.finish(struct{}{})
	}
	t.look()
}

// guard calls a function of the protocol outside of a callback of the transport below.
func (t *tlsLayer) guard(f func()) error {
	err := t.loop.guarded(ErrorContext{Message: "panic of a protocol", Protocol: t.app, Transport: (*tlsTransport)(t)}, f)
	if err != nil {
		t.fail(err)
	}
	return err
}

// fail ends the connection with an error.
func (t *tlsLayer) fail(err error) {
	if t.err == nil {
		t.err = err
	}
	t.closing = true
	t.raw.Abort()
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
		case errors.Is(err, errStarved):
			return
		case err == io.EOF: // the other side has said so
			t.app.EOFReceived()
			(*tlsTransport)(t).Close()
			return
		default:
			t.fail(err)
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
	t.wake()
}

// DataReceived implements Protocol.
func (t *tlsLayer) DataReceived(data []byte) {
	t.in = append(t.in, data...)
	if !t.open {
		t.wake()
		return
	}
	t.pump()
}

// EOFReceived implements BaseProtocol.
func (t *tlsLayer) EOFReceived() bool {
	t.eof = true
	t.wake()
	if t.open && !t.closing {
		t.pump()
	}
	return false
}

// ConnectionLost implements BaseProtocol.
func (t *tlsLayer) ConnectionLost(err error) {
	t.lost, t.eof = true, true
	if t.err == nil {
		t.err = err
	}
	t.wake()
	if t.open {
		t.app.ConnectionLost(t.err)
	}
}

// PauseWriting implements BaseProtocol.
func (t *tlsLayer) PauseWriting() {
	if t.open {
		t.app.PauseWriting()
	}
}

// ResumeWriting implements BaseProtocol.
func (t *tlsLayer) ResumeWriting() {
	if t.open {
		t.app.ResumeWriting()
	}
}
