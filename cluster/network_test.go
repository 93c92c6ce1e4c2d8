package cluster_test

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// distant are members that are connected by a network that fails.
var distant = cluster.Config{
	Heartbeat: 50 * time.Millisecond, Lost: 500 * time.Millisecond,
	Options: []nats.Option{
		nats.ReconnectWait(20 * time.Millisecond), nats.ReconnectJitter(time.Millisecond, time.Millisecond),
		nats.Timeout(patience), nats.DisconnectErrHandler(func(*nats.Conn, error) {}),
	},
}

func listening(t *testing.T, port int) *server.Server {
	t.Helper()
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: port, NoLog: true, NoSigs: true})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	if !s.ReadyForConnections(patience) {
		t.Fatal("the server does not begin")
	}
	return s
}

func dial(t *testing.T, ctx context.Context, url string) *cluster.Conn {
	t.Helper()
	cfg := distant
	cfg.URL = url
	c, err := cluster.Open(ctx, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// told wants a result, or that nothing is known of it.
func told(t *testing.T, err error) {
	t.Helper()
	if _, lost := errors.AsType[*process.BrokenWorkerError](err); err != nil && !lost {
		t.Error(err)
	}
}

func answers(ctx context.Context, c *cluster.Conn) func() bool {
	return func() bool { n, err := cluster.Call(ctx, c, double, 4); return n == 8 && err == nil }
}

func TestServerIsStartedAgain(t *testing.T) {
	t.Parallel()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := listening(t, server.RANDOM_PORT)
		c, member := dial(t, ctx, s.ClientURL()), dial(t, ctx, s.ClientURL())
		working(t, ctx, member, cluster.Worker{Capacity: 4}, func(ctx context.Context) {
			for range 2 {
				hanging, w := watching(t, "hangs")
				quick, q := watching(t, "gives")
				q.goOn.Set()
				over := new(anyio.Event)
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					tg.Go(func(ctx context.Context) error {
						_, err := cluster.Call(ctx, c, hangs, hanging)
						wantBroken(t, err, "")
						return nil
					})
					tg.Go(func(ctx context.Context) error {
						for !over.IsSet() {
							_, err := cluster.Call(ctx, c, gives, quick)
							told(t, err)
						}
						return nil
					})
					wait(t, ctx, &w.begun)
					until(t, ctx, "calls are made", func() bool { return q.count.Load() > 10 })
					port := s.Addr().(*net.TCPAddr).Port
					s.Shutdown()
					s.WaitForShutdown()
					wait(t, ctx, &w.ended) // as the worker cannot report it
					s = listening(t, port)
					until(t, ctx, "calls are made again", answers(ctx, c))
					over.Set()
				})
			}
		})
		nothingLeft(t, ctx, c)
		nothingLeft(t, ctx, member)
		if err := errors.Join(c.Close(ctx), member.Close(ctx)); err != nil {
			t.Error(err)
		}
		s.Shutdown()
		s.WaitForShutdown()
	}, onReal)
}

// A proxy is a network between a member and a server.
type proxy struct {
	l     net.Listener
	to    string
	delay atomic.Int64 // of each piece
	wg    sync.WaitGroup

	mu    sync.Mutex
	cut   chan struct{} // closed while pieces go through
	conns []net.Conn
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l, to: to, cut: make(chan struct{})}
	close(p.cut)
	p.wg.Go(p.accept)
	t.Cleanup(func() {
		_ = l.Close()
		p.heal()
		p.reset()
		p.wg.Wait()
	})
	return p
}

func (p *proxy) url() string { return "nats://" + p.l.Addr().String() }

func (p *proxy) accept() {
	for {
		in, err := p.l.Accept()
		if err != nil {
			return
		}
		out, err := net.Dial("tcp", p.to)
		if err != nil {
			_ = in.Close()
			continue
		}
		p.mu.Lock()
		p.conns = append(p.conns, in, out)
		p.mu.Unlock()
		p.wg.Go(func() { p.copy(out, in) })
		p.wg.Go(func() { p.copy(in, out) })
	}
}

func (p *proxy) copy(to io.WriteCloser, from io.ReadCloser) {
	defer to.Close()
	defer from.Close()
	piece := make([]byte, 4096)
	for {
		n, err := from.Read(piece)
		p.mu.Lock()
		cut := p.cut
		p.mu.Unlock()
		<-cut
		if d := time.Duration(p.delay.Load()); d > 0 {
			<-time.After(d)
		}
		if _, bad := to.Write(piece[:n]); err != nil || bad != nil {
			return
		}
	}
}

// partition holds all back, heal lets it go on.
func (p *proxy) partition() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = make(chan struct{})
}

func (p *proxy) heal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	select {
	case <-p.cut:
	default:
		close(p.cut)
	}
}

// reset breaks the connections, and what is on its way is lost.
func (p *proxy) reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// The network between one member and the server holds all back, then it lets it through.
func TestPartition(t *testing.T) {
	t.Parallel()
	for _, of := range []string{"worker", "caller"} {
		t.Run(of, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				s := listening(t, server.RANDOM_PORT)
				defer s.Shutdown()
				p := newProxy(t, s.Addr().String())
				urls := map[string]string{"worker": s.ClientURL(), "caller": s.ClientURL(), of: p.url()}
				c, member := dial(t, ctx, urls["caller"]), dial(t, ctx, urls["worker"])
				working(t, ctx, member, cluster.Worker{Capacity: 4}, func(ctx context.Context) {
					name, w := watching(t, "")
					group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
						tg.Go(func(ctx context.Context) error {
							_, err := cluster.Call(ctx, c, hangs, name)
							wantBroken(t, err, "")
							return nil
						})
						wait(t, ctx, &w.begun)
						p.partition()
						wait(t, ctx, &w.ended)
					})
					_, err := cluster.Call(ctx, c, double, 1)
					wantBroken(t, err, "it may have taken the call, and has not said so")
					p.heal()
					until(t, ctx, "calls are made again", answers(ctx, c))
				})
				nothingLeft(t, ctx, c)
				nothingLeft(t, ctx, member)
				if err := errors.Join(c.Close(ctx), member.Close(ctx)); err != nil {
					t.Error(err)
				}
			}, onReal)
		})
	}
}

// A slow network breaks nothing, and cancellation goes through it.
func TestSlowNetwork(t *testing.T) {
	t.Parallel()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := listening(t, server.RANDOM_PORT)
		defer s.Shutdown()
		p := newProxy(t, s.Addr().String())
		cfg := cluster.Config{URL: p.url(), Heartbeat: 50 * time.Millisecond, Lost: patience}
		c, err := cluster.Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		cfg.URL = s.ClientURL()
		member, err := cluster.Open(ctx, cfg)
		if err != nil {
			t.Fatal(err)
		}
		p.delay.Store(int64(40 * time.Millisecond))
		working(t, ctx, member, cluster.Worker{Capacity: 2}, func(ctx context.Context) {
			if out, err := cluster.Map(ctx, c, double, make([]int, 20), 10); len(out) != 20 || err != nil {
				t.Error(out, err)
			}
			endsInTime(t, ctx, c, 200*time.Millisecond)
		})
		nothingLeft(t, ctx, c)
		if err := errors.Join(c.Close(ctx), member.Close(ctx)); err != nil {
			t.Error(err)
		}
	}, onReal)
}

// Connections break again and again; clients connect again, and each call has an outcome.
func TestConnectionsThatBreak(t *testing.T) {
	t.Parallel()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := listening(t, server.RANDOM_PORT)
		defer s.Shutdown()
		p := newProxy(t, s.Addr().String())
		c, member := dial(t, ctx, s.ClientURL()), dial(t, ctx, p.url())
		working(t, ctx, member, cluster.Worker{Capacity: 2}, func(ctx context.Context) {
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				var ended atomic.Int32
				over := new(anyio.Event)
				for range 5 {
					tg.Go(func(ctx context.Context) error {
						for !over.IsSet() {
							_, err := cluster.Call(ctx, c, double, 1)
							if !errors.Is(err, cluster.ErrNoWorker) {
								told(t, err)
							}
							ended.Add(1)
						}
						return nil
					})
				}
				for range 6 {
					n := ended.Load()
					until(t, ctx, "calls end", func() bool { return ended.Load() > n+50 })
					p.reset()
				}
				over.Set()
			})
			until(t, ctx, "calls are made again", answers(ctx, c))
		})
		nothingLeft(t, ctx, c)
		nothingLeft(t, ctx, member)
		if err := errors.Join(c.Close(ctx), member.Close(ctx)); err != nil {
			t.Error(err)
		}
	}, onReal)
}
