package cluster

import (
	"context"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
)

// natsBus is a bus over a connection to a real server.
type natsBus struct {
	nc     *nats.Conn
	theirs bool           // the connection is the user's
	server *server.Server // the one in this process, or nil
}

// readyTimeout is how long a server in this process may take to begin.
const readyTimeout = 10 * time.Second

// openNATS connects as the configuration says.
func openNATS(ctx context.Context, cfg Config) (*natsBus, error) {
	if cfg.Conn != nil {
		return &natsBus{nc: cfg.Conn, theirs: true}, nil
	}
	return anyio.RunBlockingValue(ctx, func() (*natsBus, error) {
		b := &natsBus{}
		options := append([]nats.Option{nats.Name("anyio " + cfg.Name), nats.MaxReconnects(-1)}, cfg.Options...)
		if cfg.URL == "" {
			s, err := embed(cfg)
			if err != nil {
				return nil, err
			}
			b.server = s
			options = append(options, nats.InProcessServer(s))
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

// embed starts a server in this process.
func embed(cfg Config) (*server.Server, error) {
	o := cfg.Server
	if o == nil {
		o = &server.Options{NoLog: true, DontListen: true}
		if cfg.Listen != "" {
			host, port, err := hostPort(cfg.Listen)
			if err != nil {
				return nil, err
			}
			o.Host, o.Port, o.DontListen = host, port, false
		}
	}
	o.NoSigs = true // signals belong to the program
	s, err := server.NewServer(o)
	if err != nil {
		return nil, fmt.Errorf("cluster: starting the server in this process: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(readyTimeout) {
		s.Shutdown()
		return nil, fmt.Errorf("cluster: the server in this process was not ready after %v; is %q free?", readyTimeout, cfg.Listen)
	}
	return s, nil
}

func (b *natsBus) shutdown() {
	if b.server != nil {
		b.server.Shutdown()
		b.server.WaitForShutdown()
	}
}

func (b *natsBus) publish(subject, reply string, data []byte) error {
	if reply == "" {
		return b.nc.Publish(subject, data)
	}
	return b.nc.PublishRequest(subject, reply, data)
}

func (b *natsBus) subscribe(subject, queue string, f func(m message)) (func(), error) {
	sub, err := b.nc.QueueSubscribe(subject, queue, func(m *nats.Msg) {
		nobody := len(m.Data) == 0 && m.Header.Get("Status") == "503"
		f(message{subject: m.Subject, reply: m.Reply, data: m.Data, nobody: nobody})
	})
	if err != nil {
		return nil, fmt.Errorf("cluster: subscribing to %q: %w", subject, err)
	}
	return func() { _ = sub.Unsubscribe() }, nil // it fails if the connection is closed
}

func (b *natsBus) flush(ctx context.Context) error {
	return anyio.RunBlocking(ctx, func() error { return b.nc.FlushTimeout(readyTimeout) })
}

func (b *natsBus) after(d time.Duration, f func()) func() {
	t := time.AfterFunc(d, f)
	return func() { t.Stop() }
}

func (b *natsBus) now() time.Time { return time.Now() }

func (b *natsBus) maxPayload() int { return int(b.nc.MaxPayload()) }

func (b *natsBus) close(ctx context.Context) error {
	return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
		return anyio.RunBlocking(ctx, func() error {
			if !b.theirs {
				_ = b.nc.FlushTimeout(time.Second) // what was published is on its way
				b.nc.Close()
			}
			b.shutdown()
			return nil
		})
	})
}
