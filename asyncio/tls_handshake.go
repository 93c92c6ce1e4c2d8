package asyncio

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/tlsconf"
	"github.com/anyio-go/anyio/tlsstream"
)

// DefaultHandshakeTimeout is how long a TLS handshake may take if it is not said.
const DefaultHandshakeTimeout = 60 * time.Second

// checkHandshakeTimeout refuses timeouts that cannot be meant.
func checkHandshakeTimeout(config *tls.Config, d time.Duration) error {
	switch {
	case d != 0 && config == nil:
		return misuse("TLS: a HandshakeTimeout, but no configuration: the connection would not be encrypted")
	case d < 0:
		return misuse(fmt.Sprintf("TLS: HandshakeTimeout is %v; it cannot be negative, and 0 is the default", d))
	}
	return nil
}

// shake begins the handshake, in a task of the loop's own.
func (t *tlsLayer) shake() {
	timeout := t.o.timeout
	if timeout == 0 {
		timeout = DefaultHandshakeTimeout
	}
	w := &kernel.Task{}
	w.Prepare(func(ctx context.Context) error {
		err := errGoexit // of a function of the configuration
		defer func() {
			if v := recover(); v != nil {
				err = panicked(v, "asyncio: TLS handshake")
			}
			t.shaken(err)
		}()
		err = anyio.FailAfter(ctx, timeout, t.handshake)
		return nil
	}, 0, &kernel.TaskMeta{Name: "asyncio: TLS handshake", HasName: true, Boot: ownTask{}, Values: t.ctx})
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
		t.refuse(err)
		return
	}
	t.open = true
	defer t.begun()
	if t.tell {
		_ = t.loop.guarded(t.context(), func() { t.app.ConnectionMade((*tlsTransport)(t)) })
	}
}

// begun begins to decrypt.
func (t *tlsLayer) begun() {
	if t.ready != nil {
		t.ready.finish(struct{}{})
	}
	t.look()
}

// refuse ends the connection whose handshake has failed, and tells who waits for it, or
// else the exception handler.
func (t *tlsLayer) refuse(err error) {
	canceled := errors.Is(err, anyio.ErrCanceled) && !errors.Is(err, anyio.ErrTimeout)
	if !canceled {
		err = t.handshakeError(err)
	}
	t.fail(err)
	if t.ready == nil && !canceled {
		t.loop.handshakeFailed(ErrorContext{Message: "a TLS handshake has failed", Err: err, Protocol: t.app, Transport: t.raw})
	}
}

func (t *tlsLayer) handshakeError(cause error) error {
	peer, _ := t.raw.ExtraInfo("peername").(net.Addr)
	return &tlsstream.HandshakeError{Server: t.o.server, Peer: peer, Cause: tlsconf.Clear(cause)}
}

// handshakeFailed tells the exception handler of a server's handshake. The default one
// does not hear of all: a peer must not be able to fill the log.
func (l *Loop) handshakeFailed(c ErrorContext) {
	if l.onError == nil {
		others, tell := l.handshakes.Tell(l.run.Today())
		if !tell {
			return
		}
		if others > 0 {
			c.Message += fmt.Sprintf(", after %d others", others)
		}
	}
	l.CallExceptionHandler(c)
}
