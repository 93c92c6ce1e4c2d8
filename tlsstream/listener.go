package tlsstream

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/inside"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/seldom"
	"github.com/anyio-go/anyio/stream"
)

const defaultHandshakeTimeout = 30 * time.Second

// A Listener accepts TLS connections from any other listener.
type Listener struct {
	accept func(ctx context.Context) (stream.ByteStream, error)
	serve  func(ctx context.Context, tg *anyio.TaskGroup, name string, handler func(ctx context.Context, conn stream.ByteStream) error) error
	inner  anyio.Resource
	config *tls.Config
	o      Options
	room   *anyio.Semaphore // for handshakes; nil if there is no limit

	failures atomic.Uint64
	failed   seldom.Log
}

var _ stream.Listener[*Stream] = (*Listener)(nil)

// NewListener makes a Listener from one whose connections are byte streams, which
// then belongs to it. The config must have a certificate.
func NewListener[S stream.ByteStream](inner stream.Listener[S], config *tls.Config, opts *Options) (*Listener, error) {
	if config == nil {
		return nil, &anyio.MisuseError{Text: "tlsstream: a listener needs a config with a certificate"}
	}
	o := opts.orDefault()
	var room *anyio.Semaphore
	switch {
	case o.MaxHandshakes < 0:
		return nil, &anyio.MisuseError{Text: "tlsstream: MaxHandshakes cannot be negative, it is " + strconv.Itoa(o.MaxHandshakes)}
	case o.MaxHandshakes > 0:
		room = anyio.NewSemaphore(o.MaxHandshakes)
	}
	return &Listener{
		accept: func(ctx context.Context) (stream.ByteStream, error) { return inner.Accept(ctx) },
		serve: func(ctx context.Context, tg *anyio.TaskGroup, name string, handler func(ctx context.Context, conn stream.ByteStream) error) error {
			each := func(ctx context.Context, conn S) error { return handler(ctx, conn) }
			return inner.Serve(inside.StandFor(ctx, kernel.FuncPC(each), name), tg, each)
		},
		inner:  inner,
		config: config,
		o:      o,
		room:   room,
	}, nil
}

// Serve accepts connections until it is canceled or the listener is closed. The handshake
// takes place in the connection's own task, where handler is called next: a slow client
// holds up nobody. A connection whose handshake fails or takes too long is closed and
// counted, and never ends Serve. Of those at most one a second is logged, with the number
// of the others. Cancellation: as for Serve of the inner listener; a connection whose
// handshake is canceled is closed.
func (l *Listener) Serve(ctx context.Context, tg *anyio.TaskGroup, handler func(ctx context.Context, conn *Stream) error) error {
	name := inside.HandlerName(ctx, kernel.FuncPC(handler))
	return l.serve(ctx, tg, name, func(ctx context.Context, conn stream.ByteStream) error {
		s, err := l.handshake(ctx, conn)
		if s == nil {
			return err
		}
		return handler(ctx, s)
	})
}

// Accept waits for a connection and does its handshake. While it does, it accepts
// no other one, so a slow client holds up all others for as long as
// HandshakeTimeout: servers call Serve. A connection whose handshake fails is
// treated as Serve does, and Accept waits for the next one.
//
// Cancellation: a connection whose handshake has begun is closed; no other is lost.
func (l *Listener) Accept(ctx context.Context) (*Stream, error) {
	for {
		conn, err := l.accept(ctx)
		if err != nil {
			return nil, err
		}
		if s, err := l.handshake(ctx, conn); s != nil || err != nil {
			return s, err
		}
	}
}

// handshake returns neither a stream nor an error if the handshake failed.
func (l *Listener) handshake(ctx context.Context, conn stream.ByteStream) (s *Stream, err error) {
	ours := true
	defer func() {
		if ours { // also if a function of the config has panicked
			_ = anyio.CloseForcefully(ctx, conn)
		}
	}()
	if l.room != nil {
		if err := l.room.Acquire(ctx); err != nil {
			return nil, err
		}
		defer l.room.Release()
	}
	do := func(ctx context.Context) (err error) {
		s, err = Server(ctx, conn, l.config, &l.o)
		return err
	}
	if l.o.HandshakeTimeout != anyio.Forever {
		err = anyio.FailAfter(ctx, l.o.HandshakeTimeout, do)
	} else {
		err = do(ctx)
	}
	if err == nil {
		ours = false
		return s, nil
	}
	if errors.Is(err, anyio.ErrTimeout) {
		err = handshakeError(true, conn, err)
	}
	ours = false // those who are told below find it closed
	_ = anyio.CloseForcefully(ctx, conn)
	if !errors.Is(err, anyio.ErrCanceled) {
		l.failures.Add(1)
	}
	switch {
	case errors.Is(err, anyio.ErrCanceled):
		return nil, err
	case l.o.OnHandshakeError != nil:
		l.o.OnHandshakeError(ctx, err, conn)
	default:
		l.log(ctx, err)
	}
	return nil, nil
}

// log tells of a handshake that failed, and how many before it were not told: a peer must
// not be able to fill the log.
func (l *Listener) log(ctx context.Context, err error) {
	if others, tell := l.failed.Tell(anyio.Now(ctx)); tell {
		slog.WarnContext(ctx, "anyio: TLS handshake failed", "error", err, "others", others)
	}
}

// HandshakeFailures returns how many connections were closed because their handshake
// failed or took too long.
func (l *Listener) HandshakeFailures() uint64 { return l.failures.Load() }

// Close closes the listener that was given to NewListener. Cancellation: as for Close
// of that listener.
func (l *Listener) Close(ctx context.Context) error { return l.inner.Close(ctx) }

// Attributes returns those of the listener that was given to NewListener, and
// AttrStandardCompatible.
func (l *Listener) Attributes() attr.Set {
	return attr.Of(l.inner).With(AttrStandardCompatible.Value(!l.o.NoCloseNotify))
}
