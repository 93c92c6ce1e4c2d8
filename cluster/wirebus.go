package cluster

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster/internal/natsproto"
	"github.com/anyio-go/anyio/cluster/internal/timers"
	"github.com/anyio-go/anyio/cluster/simnats"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// wireBus is a bus that speaks the protocol of NATS itself, in tasks: in the simulator, for
// which the client of NATS knows neither the time nor the network.
type wireBus struct {
	ctx    context.Context // of the tasks
	tg     *anyio.TaskGroup
	dial   func(ctx context.Context) (stream.ByteStream, error)
	out    *natsproto.Outbox
	timers *timers.Queue

	mu     sync.Mutex
	subs   map[string]*wireSubscription // by their numbers
	last   int
	pongs  []func() // of which one is called for each
	times  uint64   // that it was connected
	closed bool
}

type wireSubscription struct {
	b                   *wireBus
	sid, subject, queue string
	f                   func(m message)
	leaving             bool // under wireBus.mu
}

const (
	reconnectWait = 250 * time.Millisecond
	// A server that has not begun to speak, or does not answer, after these times is not
	// there any more.
	helloTimeout = 2 * time.Second
	aliveEvery   = 10 * time.Second
	// maxUnsent is how much is kept for a server that is not there: as by nats.Connect.
	maxUnsent = 8 << 20
)

// openWire connects over the sockets of the run. Without a URL there is a server in this
// run.
func openWire(ctx context.Context, cfg Config) (bus, error) {
	b := &wireBus{subs: map[string]*wireSubscription{}, out: natsproto.NewOutbox(maxUnsent), timers: timers.New()}
	if cfg.Conn != nil || cfg.Options != nil || cfg.Server != nil || cfg.Listen != "" {
		return nil, misuse("Config in a simulation: Conn, Options, Server and Listen are for real servers; want a URL, at which simnats.Serve listens, or nothing")
	}
	// What goes on in the background ends by Close alone: a canceled call still asks its
	// worker to end.
	b.ctx, b.tg = anyio.OpenTaskGroup(context.WithoutCancel(ctx))
	if cfg.URL == "" {
		server := &simnats.Server{}
		b.dial = func(context.Context) (stream.ByteStream, error) {
			here, there := stream.Pipe(1 << 16)
			b.tg.Go(func(ctx context.Context) error {
				if err := server.ServeConn(ctx, there); anyio.IsCancellation(err) {
					return err
				}
				return nil
			}, anyio.Name("nats server"))
			return here, nil
		}
	} else {
		host, port, err := wireAddress(cfg.URL)
		if err != nil {
			return nil, b.tg.End(err)
		}
		b.dial = func(ctx context.Context) (stream.ByteStream, error) { return socket.DialTCP(ctx, host, port) }
	}
	conn, err := b.dial(ctx)
	if err != nil {
		return nil, b.tg.End(fmt.Errorf("cluster: connecting to %s: %w", where(cfg.URL), err))
	}
	b.tg.Go(func(ctx context.Context) error { return b.serve(ctx, conn) }, anyio.Name("nats client"))
	b.tg.Go(b.timers.Serve, anyio.Name("nats timers"))
	return b, nil
}

func wireAddress(address string) (host string, port int, err error) {
	u, err := url.Parse(address)
	if err == nil {
		port, err = strconv.Atoi(u.Port())
	}
	if err != nil || u.Scheme != "nats" {
		return "", 0, misuse(`Config.URL %q in a simulation: want nats://HOST:PORT`, address)
	}
	return u.Hostname(), port, nil
}

// serve uses one connection after the other.
func (b *wireBus) serve(ctx context.Context, conn stream.ByteStream) error {
	for {
		err := b.use(ctx, conn)
		for {
			if anyio.IsCancellation(err) {
				return err
			}
			if err := anyio.Sleep(ctx, reconnectWait); err != nil {
				return err
			}
			if conn, err = b.dial(ctx); err == nil {
				break
			}
		}
	}
}

// use speaks over a connection until it is broken.
func (b *wireBus) use(ctx context.Context, conn stream.ByteStream) error {
	defer conn.Close(ctx)
	r := stream.NewBufferedReceiver(conn)
	err := anyio.FailAfter(ctx, helloTimeout, func(ctx context.Context) error {
		f, err := natsproto.Read(ctx, r)
		if err == nil && f.Verb != "INFO" {
			err = errGarbage
		}
		return err
	})
	if err != nil {
		return err
	}
	hello := []byte(`CONNECT {"verbose":false,"headers":true,"no_responders":true,"echo":true,"lang":"go","protocol":1}` + "\r\n")
	b.mu.Lock()
	for _, sub := range inOrder(b.subs, strings.Compare) {
		if !sub.leaving {
			hello = sub.append(hello)
		}
	}
	lost := len(b.pongs) - b.out.Marked() // those that were asked for before
	b.times++
	b.mu.Unlock()
	for range lost {
		hello = append(hello, "PING\r\n"...)
	}
	if err := conn.Send(ctx, hello); err != nil {
		return err
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error { return b.out.Send(ctx, conn) }, anyio.Name("write"))
		tg.Go(b.keepAlive, anyio.Name("keep alive"))
		err := b.read(ctx, r)
		tg.Cancel("the connection is broken")
		return err
	})
}

// keepAlive asks the server again and again whether it is there, and returns when it is not.
func (b *wireBus) keepAlive(ctx context.Context) error {
	for {
		if err := anyio.Sleep(ctx, aliveEvery); err != nil {
			return err
		}
		if err := anyio.FailAfter(ctx, aliveEvery, b.flush); err != nil {
			return err
		}
	}
}

func (s *wireSubscription) append(to []byte) []byte {
	queue := ""
	if s.queue != "" {
		queue = " " + s.queue
	}
	return append(to, "SUB "+s.subject+queue+" "+s.sid+"\r\n"...)
}

func (b *wireBus) read(ctx context.Context, r *stream.BufferedReceiver) error {
	for {
		f, err := natsproto.Read(ctx, r)
		if err != nil {
			return err
		}
		switch f.Verb {
		case "MSG", "HMSG":
			b.dispatch(f)
		case "PING":
			_ = b.send([]byte("PONG\r\n"))
		case "PONG":
			b.ponged()
		case "-ERR":
			return fmt.Errorf("cluster: the server says %s", f.Args)
		}
	}
}

// ponged is told of an answer of the server.
func (b *wireBus) ponged() {
	b.mu.Lock()
	first := func() {}
	if len(b.pongs) > 0 {
		first, b.pongs = b.pongs[0], b.pongs[1:]
	}
	b.mu.Unlock()
	first()
}

func (b *wireBus) dispatch(f natsproto.Frame) {
	if len(f.Args) < 2 {
		return
	}
	m := message{subject: f.Args[0], data: f.Payload, sequence: natsproto.Header(f.Headers, natsproto.Sequence)}
	if len(f.Payload) == 0 {
		m.status = natsproto.Status(f.Headers)
	}
	if len(f.Args) > 2 {
		m.reply = f.Args[2]
	}
	b.mu.Lock()
	sub := b.subs[f.Args[1]]
	b.mu.Unlock()
	if sub != nil {
		sub.f(m)
	}
}

// send puts something into the queue.
func (b *wireBus) send(data []byte) error {
	b.mu.Lock()
	closed := b.closed
	b.mu.Unlock()
	if closed {
		return errClosed("the connection")
	}
	return b.out.Add(data)
}

func (b *wireBus) publish(subject, reply string, data []byte) error {
	return b.send(natsproto.AppendPub(nil, subject, reply, data))
}

func (b *wireBus) publishHeaders(subject, reply string, h headers, data []byte) error {
	return b.send(natsproto.AppendHPub(nil, subject, reply, natsproto.AppendHeaders(nil, h...), data))
}

func (b *wireBus) subscribe(subject, queue string, f func(m message)) (subscription, error) {
	b.mu.Lock()
	b.last++
	sub := &wireSubscription{b: b, sid: strconv.Itoa(b.last), subject: subject, queue: queue, f: f}
	b.subs[sub.sid] = sub
	b.mu.Unlock()
	return sub, b.send(sub.append(nil))
}

func (s *wireSubscription) leave(left func()) {
	if s.unsubscribe() {
		s.b.ping(func() {
			s.forget()
			left()
		})
	}
}

func (s *wireSubscription) drop() {
	if s.unsubscribe() {
		s.forget()
	}
}

// unsubscribe tells the server, and reports whether that was not done before.
func (s *wireSubscription) unsubscribe() bool {
	s.b.mu.Lock()
	known := !s.leaving
	s.leaving = true
	s.b.mu.Unlock()
	if known {
		_ = s.b.send([]byte("UNSUB " + s.sid + "\r\n")) // it fails if there is nothing to be left
	}
	return known
}

// forget takes no more messages.
func (s *wireSubscription) forget() {
	s.b.mu.Lock()
	defer s.b.mu.Unlock()
	delete(s.b.subs, s.sid)
}

// broken never calls f: the connection is made again until it is closed.
func (s *wireSubscription) broken(f func()) {}

// ping calls f when the server has done all that was sent before, or when there is no
// server any more.
func (b *wireBus) ping(f func()) {
	b.mu.Lock()
	asked := !b.closed && b.out.AddMarked([]byte("PING\r\n")) == nil
	if asked {
		b.pongs = append(b.pongs, f)
	}
	b.mu.Unlock()
	if !asked {
		f()
	}
}

func (b *wireBus) flush(ctx context.Context) error {
	pong := new(anyio.Event)
	b.ping(pong.Set)
	return pong.Wait(ctx)
}

func (b *wireBus) after(d time.Duration, f func()) func() { return b.timers.Add(b.now().Add(d), f) }

func (b *wireBus) now() time.Time { return anyio.Now(b.ctx) }

func (b *wireBus) spawn(f func(ctx context.Context)) {
	b.mu.Lock()
	closed := b.closed
	b.mu.Unlock()
	if !closed {
		b.tg.Go(func(ctx context.Context) error { f(ctx); return nil })
	}
}

func (b *wireBus) reconnects() uint64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return max(b.times, 1) - 1
}

func (b *wireBus) storage() string { return "file" }

// refusal is none: there are no users in a simulation.
func (b *wireBus) refusal() error { return nil }

func (b *wireBus) maxPayload() int { return natsproto.MaxPayload }

// close waits a moment until what was published is on its way.
func (b *wireBus) close(ctx context.Context) error {
	_ = anyio.Shielded(ctx, time.Second, b.flush)
	b.mu.Lock()
	b.closed = true
	pongs := b.pongs
	b.pongs = nil
	b.mu.Unlock()
	for _, f := range pongs {
		f()
	}
	b.tg.Cancel("the connection is closed")
	return b.tg.End(nil)
}
