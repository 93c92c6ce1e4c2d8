package tlsstream

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/tlsconf"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

// A Stream is a byte stream that is encrypted by TLS. One task may receive while
// another one sends, also if both belong to one loop. It must be closed.
type Stream struct {
	conn       *tls.Conn
	wire       *wire
	server     bool
	standard   bool
	hello      []uint16         // cipher suites offered by the client; servers only
	own        *tls.Certificate // that was shown to the client; servers only
	state      tls.ConnectionState
	receiving  anyio.ResourceGuard
	sending    anyio.ResourceGuard
	line       anyio.Lock // held while the transport is written to
	closed     atomic.Bool
	dry        bool       // crypto/tls has nothing to give until more is received; as ungotten
	ungotten   []byte     // received before Receive asked; belongs to whoever is receiving
	eofWritten bool       // our closing alert was written to the wire; guarded by line
	mu         sync.Mutex // guards end, for moments
	end        error      // what every further Receive returns; nil before
}

var (
	_ stream.ByteStream     = (*Stream)(nil)
	_ stream.CountingSender = (*Stream)(nil)
)

// Client begins TLS as the client, over a stream that has been connected, and
// returns when the handshake is done. The transport then belongs to the Stream,
// and must not be used beside it.
//
// The certificate of the server must be valid for the name given as Hostname, or
// else the config's ServerName. A nil config uses the roots of the system. In the
// simulator the time of validity is the virtual one, if the config has no Time. The
// config is not changed, and may be used by many streams. Renegotiation, which TLS
// 1.2 knows, is refused.
//
// The error is a *HandshakeError, whose cause is of package crypto/x509 if the
// certificate is not accepted, and matches ErrBroken if the connection broke.
//
// Cancellation: as after an error, the transport stays open and is the caller's, but
// the other side may have got half a handshake, so that closing it is all that is left.
func Client(ctx context.Context, transport stream.ByteStream, config *tls.Config, opts *Options) (*Stream, error) {
	o := opts.orDefault()
	cfg, err := clientConfig(ctx, config, o)
	if err != nil {
		return nil, err
	}
	return handshake(ctx, transport, false, o, func(w *wire, _ *Stream) *tls.Conn { return tls.Client(w, cfg) })
}

// Server begins TLS as the server, the other side of Client. The config must have a
// certificate. Session ticket keys are shared by all streams of a config.
//
// What a TLS 1.3 server has to send after the handshake (session tickets) goes with
// the first data or the closing alert, so that the handshake is over when the client
// has said its last word, whether it reads or not.
//
// Cancellation: as for Client.
func Server(ctx context.Context, transport stream.ByteStream, config *tls.Config, opts *Options) (*Stream, error) {
	if config == nil {
		return nil, &anyio.MisuseError{Text: "tlsstream: a server needs a config with a certificate"}
	}
	return handshake(ctx, transport, true, opts.orDefault(), func(w *wire, s *Stream) *tls.Conn {
		return tls.Server(w, serverConfig(ctx, config, s))
	})
}

// alertTime bounds the wait for a peer to take an alert that nobody waits for.
const alertTime = 5 * time.Second

func handshake(ctx context.Context, transport stream.ByteStream, server bool, o Options, start func(*wire, *Stream) *tls.Conn) (*Stream, error) {
	if transport == nil {
		return nil, &anyio.MisuseError{Text: "tlsstream: the transport is nil"}
	}
	if err := lowlevel.Enter(ctx); err != nil {
		return nil, err
	}
	w := &wire{transport: transport, handshake: ctx}
	s := &Stream{wire: w, server: server, standard: !o.NoCloseNotify}
	s.receiving.Action, s.sending.Action = "reading from", "writing to"
	s.conn = start(w, s)
	err := s.conn.HandshakeContext(ctx)
	if err == nil {
		s.state = s.conn.ConnectionState()
		if !server || s.state.Version < tls.VersionTLS13 {
			if err = w.flush(ctx); err != nil {
				w.err = err
			}
		}
	}
	w.handshake = nil
	if err == nil {
		return s, nil
	}
	// A failure of the transport was first, even if the caller is canceled by now.
	if canceled := lowlevel.CheckpointIfCanceled(ctx); canceled != nil && w.err == nil {
		return nil, canceled
	}
	if w.err == nil { // tell the other side why
		_, _ = anyio.MoveOnAfter(ctx, alertTime, w.flush)
		return nil, handshakeError(server, transport, tlsconf.Clear(err))
	}
	err = w.err
	if errors.Is(err, anyio.ErrCanceled) {
		return nil, err
	}
	if err == io.EOF {
		err = &anyio.BrokenError{Cause: io.ErrUnexpectedEOF}
	}
	return nil, handshakeError(server, transport, err)
}

// Transport returns the stream that carries the encrypted bytes.
func (s *Stream) Transport() stream.ByteStream { return s.wire.transport }

// ConnectionState returns what was agreed on in the handshake.
func (s *Stream) ConnectionState() tls.ConnectionState { return s.state }

// ended is what every further Receive returns, nil if there may be data.
func (s *Stream) ended() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.end
}

// finish sets what every further Receive returns, and returns it.
func (s *Stream) finish(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.end == nil {
		s.end = err
	}
	return s.end
}
