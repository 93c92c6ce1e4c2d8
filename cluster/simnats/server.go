package simnats

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
	"github.com/anyio-go/anyio/cluster/internal/timers"
	"github.com/anyio-go/anyio/stream"
)

// maxPending is how much may wait for a client that does not read. What is more is lost to
// it; a real server cuts it off.
const maxPending = 64 << 20

// A Server routes messages between its clients. The zero value is ready.
type Server struct {
	// Store is what JetStream keeps; without one the server has its own, and it ends with it.
	// It must not be changed later.
	Store *Store

	clock anyio.Lock // of the client that serves the timers

	timers *timers.Queue
	ctx    context.Context // of a client, for what nobody asks for: it knows the run

	mu    sync.Mutex
	order []*subscription // in the order of their making
	last  int             // the number of the newest client
}

// A protocolError is what a client is told before it is cut off.
type protocolError string

func (e protocolError) Error() string { return string(e) }

const (
	errOperation = protocolError("Unknown Protocol Operation")
	errSubject   = protocolError("Invalid Subject")
	errPublish   = protocolError("Invalid Publish Subject")
	errPayload   = protocolError("Maximum Payload Violation")
)

// Serve serves clients until it is canceled. It closes the listener. What the server keeps
// is in the store; nil is one that ends with it.
// Cancellation: the clients' connections are closed.
func Serve[S stream.ByteStream](ctx context.Context, l stream.Listener[S], store *Store) error {
	s := &Server{Store: store}
	defer l.Close(ctx)
	return l.Serve(ctx, nil, func(ctx context.Context, conn S) error {
		// A client that misbehaves is its own business.
		if err := s.ServeConn(ctx, conn); anyio.IsCancellation(err) {
			return err
		}
		return nil
	})
}

// A client is a connection.
type client struct {
	id   int
	subs map[string]*subscription // by their numbers
	echo bool                     // it gets what it publishes itself
	asks bool                     // it wants to hear that nobody listens
	out  *natsproto.Outbox
}

// ServeConn serves one client until it goes, or does what it may not. It closes the
// connection.
// Cancellation: the connection is closed.
func (s *Server) ServeConn(ctx context.Context, conn stream.ByteStream) error {
	defer conn.Close(ctx)
	c := &client{subs: map[string]*subscription{}, echo: true, out: natsproto.NewOutbox(maxPending)}
	s.admit(ctx, c)
	defer s.forget(c)
	info := map[string]any{
		"server_id": "simnats", "version": "2.15.0", "proto": 1, "headers": true, "jetstream": true,
		"max_payload": natsproto.MaxPayload, "client_id": c.id,
	}
	text, err := json.Marshal(info)
	if err != nil {
		return err
	}
	c.send([]byte("INFO " + string(text) + "\r\n"))
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return c.out.Send(ctx, conn) }, anyio.Name("write"))
		tg.Go(func(ctx context.Context) error { return s.clock.Do(ctx, s.timers.Serve) }, anyio.Name("timers"))
		err := s.read(ctx, c, conn)
		tg.Cancel("the client has gone")
		return err
	})
}

// admit takes a client.
func (s *Server) admit(ctx context.Context, c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx = ctx; s.timers == nil {
		s.timers = timers.New()
		s.openStore(ctx)
	}
	s.last++
	c.id = s.last
}

// read takes what a client sends, until it ends.
func (s *Server) read(ctx context.Context, c *client, conn stream.ByteStream) error {
	r := stream.NewBufferedReceiver(conn)
	for {
		f, err := natsproto.Read(ctx, r)
		if err != nil {
			return err
		}
		if err := s.take(ctx, c, f); err != nil {
			c.send([]byte("-ERR '" + err.Error() + "'\r\n"))
			return err
		}
	}
}

// take does what a frame asks for.
func (s *Server) take(ctx context.Context, c *client, f natsproto.Frame) error {
	switch f.Verb {
	case "CONNECT":
		options := struct {
			Echo         *bool `json:"echo"`
			Headers      bool  `json:"headers"`
			NoResponders bool  `json:"no_responders"`
		}{}
		if err := json.Unmarshal([]byte(f.Args[0]), &options); err != nil {
			return fmt.Errorf("CONNECT: %w", err)
		}
		c.echo = options.Echo == nil || *options.Echo
		c.asks = options.Headers && options.NoResponders
	case "PING":
		c.send([]byte("PONG\r\n"))
	case "PONG":
	case "SUB":
		return s.subscribe(c, f.Args)
	case "UNSUB":
		return s.unsubscribe(c, f.Args)
	case "PUB", "HPUB":
		return s.publish(ctx, c, f)
	default:
		return errOperation
	}
	return nil
}

// send puts something into the client's queue. Who does not read loses it.
func (c *client) send(data []byte) { _ = c.out.Add(data) }

func (s *Server) forget(c *client) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.drop(func(sub *subscription) bool { return sub.client == c })
}
