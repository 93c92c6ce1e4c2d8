package cluster

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
	"github.com/anyio-go/anyio/lowlevel"
)

// natsBus is a bus over a connection to a real server.
type natsBus struct {
	nc     *nats.Conn
	theirs bool           // the connection is the user's
	server *server.Server // the one in this process, or nil
	// scratch is a directory that the server needs even to keep things in memory, "" if
	// it keeps them elsewhere.
	scratch string
	store   io.Closer // the lock of the directory in which it keeps them, or nil

	mu   sync.Mutex
	subs map[*natsSubscription]struct{}
}

// readyTimeout is how long a server in this process may take to begin.
const readyTimeout = 10 * time.Second

// openNATS connects as the configuration says.
func openNATS(ctx context.Context, cfg Config) (bus, error) {
	if cfg.Conn != nil {
		return &natsBus{nc: cfg.Conn, theirs: true}, nil
	}
	return anyio.RunBlockingValue(ctx, func() (bus, error) {
		b := &natsBus{}
		options := append([]nats.Option{nats.Name("anyio " + cfg.Name), nats.MaxReconnects(-1)}, cfg.Options...)
		if cfg.URL == "" {
			if err := b.embed(cfg); err != nil {
				return nil, err
			}
			options = append(options, nats.InProcessServer(b.server))
		}
		nc, err := nats.Connect(cfg.URL, options...)
		if err != nil {
			b.shutdown()
			return nil, fmt.Errorf("cluster: connecting to %s: %w", where(cfg.URL), err)
		}
		b.nc = nc
		return b, nil
	})
}

func where(url string) string {
	if url == "" {
		return "the server in this process"
	}
	return url
}

func (b *natsBus) publish(subject, reply string, data []byte) error {
	if reply == "" {
		return b.nc.Publish(subject, data)
	}
	return b.nc.PublishRequest(subject, reply, data)
}

func (b *natsBus) publishHeaders(subject, reply string, h headers, data []byte) error {
	m := &nats.Msg{Subject: subject, Reply: reply, Data: data}
	if len(h) > 0 {
		m.Header = nats.Header{}
	}
	for i := 0; i < len(h); i += 2 {
		m.Header[h[i]] = []string{h[i+1]}
	}
	return b.nc.PublishMsg(m)
}

func (b *natsBus) subscribe(subject, queue string, f func(m message)) (subscription, error) {
	sub, err := b.nc.QueueSubscribe(subject, queue, func(m *nats.Msg) {
		f(message{
			subject: m.Subject, reply: m.Reply, data: m.Data,
			status: statusOf(m), sequence: m.Header.Get(natsproto.Sequence),
		})
	})
	if err != nil {
		return nil, fmt.Errorf("cluster: subscribing to %q: %w", subject, err)
	}
	s := &natsSubscription{b: b, sub: sub}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.subs == nil {
		b.subs = map[*natsSubscription]struct{}{}
	}
	b.subs[s] = struct{}{}
	return s, nil
}

func (s *natsSubscription) broken(f func()) { s.sub.SetClosedHandler(func(string) { f() }) }

type natsSubscription struct {
	b    *natsBus
	sub  *nats.Subscription
	left sync.Once
}

// leave drains: Unsubscribe would drop what has come and is not looked at yet. Without a
// connection it must not: what drains then is subscribed again with the next one, for good.
func (s *natsSubscription) leave(left func()) {
	s.b.mu.Lock()
	delete(s.b.subs, s)
	s.b.mu.Unlock()
	once := func(string) { s.left.Do(left) }
	s.sub.SetClosedHandler(once)
	end := s.sub.Drain
	if s.b.nc.IsReconnecting() {
		end = s.sub.Unsubscribe
	}
	if err := end(); err != nil { // the connection is closed
		once("")
	}
}

func statusOf(m *nats.Msg) string {
	if len(m.Data) > 0 {
		return ""
	}
	return m.Header.Get("Status")
}

func (s *natsSubscription) drop() {
	s.b.mu.Lock()
	delete(s.b.subs, s)
	s.b.mu.Unlock()
	_ = s.sub.Unsubscribe() // it fails if the connection is closed
}

func (b *natsBus) flush(ctx context.Context) error {
	return anyio.RunBlocking(ctx, func() error {
		limited, cancel := context.WithTimeout(ctx, readyTimeout)
		defer cancel()
		err := b.flushNow(limited)
		switch {
		case err == nil:
			return nil
		case limited.Err() != nil:
			err = fmt.Errorf("%w in %v", errNoAnswer, readyTimeout)
		}
		return lowlevel.CanceledOr(ctx, fmt.Errorf("cluster: the server: %w", err))
	})
}

// flushNow blocks. A connection that is lost meanwhile says that it is closed, also if it is
// made again.
func (b *natsBus) flushNow(ctx context.Context) error {
	for {
		err := b.nc.FlushWithContext(ctx)
		if !errors.Is(err, nats.ErrConnectionClosed) || b.nc.IsClosed() || ctx.Err() != nil {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func (b *natsBus) after(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

func (b *natsBus) now() time.Time { return time.Now() }

// spawn needs no run: a member may be used by several, and by none.
func (b *natsBus) spawn(f func(ctx context.Context)) { go f(context.Background()) }

func (b *natsBus) reconnects() uint64 { return b.nc.Stats().Reconnects }

func (b *natsBus) refusal() error {
	if err := b.nc.LastError(); errors.Is(err, nats.ErrPermissionViolation) {
		return err
	}
	return nil
}

func (b *natsBus) maxPayload() int { return int(b.nc.MaxPayload()) }

func (b *natsBus) close(ctx context.Context) error {
	return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		return anyio.RunBlocking(ctx, func() error {
			_ = b.nc.FlushTimeout(time.Second) // what was published is on its way
			if !b.theirs {
				b.nc.Close()
			}
			b.mu.Lock()
			defer b.mu.Unlock()
			for s := range b.subs {
				_ = s.sub.Unsubscribe() // it fails if the connection is closed
			}
			clear(b.subs)
			b.shutdown()
			return nil
		})
	})
}
