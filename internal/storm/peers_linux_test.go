package storm_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// descriptors returns what this process has open: where the links in /proc/self/fd lead.
func descriptors(t testing.TB) []string {
	t.Helper()
	const dir = "/proc/self/fd"
	all, err := os.ReadDir(dir)
	testkit.Must(t, err)
	targets := make([]string, len(all))
	for i, fd := range all {
		targets[i], _ = os.Readlink(filepath.Join(dir, fd.Name())) // that of dir itself is closed
	}
	return targets
}

// descriptorsBefore are those open before an attack: the poller's are among them, which a
// run opens only when it first waits for a descriptor.
func descriptorsBefore(t testing.TB, ctx context.Context) []string {
	t.Helper()
	u, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
	testkit.Must(t, err)
	_, err = anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
		_, err := u.Receive(ctx)
		return err
	})
	testkit.Must(t, err)
	testkit.Must(t, u.Close(ctx))
	return descriptors(t)
}

// wantDescriptors waits until there are no more than before. What is garbage counts as open.
func wantDescriptors(t testing.TB, ctx context.Context, before []string) {
	t.Helper()
	var now []string
	for begin := time.Now(); time.Since(begin) < time.Minute; {
		if now = descriptors(t); len(now) <= len(before) {
			return
		}
		testkit.Must(t, lowlevel.Checkpoint(ctx))
	}
	t.Errorf("%d descriptors are open, %d were before:\n%q\n%q", len(now), len(before), now, before)
}

// A peer is what is done to a server over one connection.
type peer func(r *rand.Rand, c *net.TCPConn)

func reset(c *net.TCPConn) {
	_ = c.SetLinger(0)
	_ = c.Close()
}

func garbage(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// hostile peers go away in all the ways that TCP knows.
var hostile = []peer{
	func(_ *rand.Rand, c *net.TCPConn) { reset(c) },
	func(_ *rand.Rand, c *net.TCPConn) { _ = c.Close() },
	func(r *rand.Rand, c *net.TCPConn) {
		_, _ = c.Write(garbage(r, r.IntN(2000)))
		reset(c)
	},
	func(r *rand.Rand, c *net.TCPConn) { // what comes back is never read
		_, _ = c.Write(garbage(r, 100_000))
		_ = c.Close()
	},
	func(r *rand.Rand, c *net.TCPConn) {
		_, _ = c.Write(garbage(r, r.IntN(10)))
		_ = c.CloseWrite()
		_, _ = c.Read(make([]byte, 1))
		reset(c)
	},
}

// attack connects to a port many times at once, and returns when all peers are gone.
func attack(t testing.TB, ctx context.Context, port int, peers []peer) {
	t.Helper()
	rounds := 40
	if testing.Short() {
		rounds = 10
	}
	testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for i := range 8 {
			tg.Go(func(ctx context.Context) error {
				return anyio.RunBlocking(ctx, func() error {
					r := rand.New(rand.NewPCG(uint64(i), 0))
					for range rounds {
						c, err := net.Dial("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
						if err != nil {
							return err
						}
						peers[r.IntN(len(peers))](r, c.(*net.TCPConn))
						_ = c.Close()
					}
					return nil
				})
			})
		}
		return nil
	}))
}

// echo sends back what comes, until the peer is gone in whatever way.
func echo(ctx context.Context, s stream.ByteStream) error {
	defer func() { _ = s.Close(ctx) }()
	buf := make([]byte, 1000)
	for {
		n, err := s.Receive(ctx, buf)
		if err == nil {
			err = s.Send(ctx, buf[:n])
		}
		switch {
		case err == io.EOF, errors.Is(err, anyio.ErrBroken):
			return nil
		case err != nil:
			return err
		}
	}
}

// honest is a client that gets its answer.
func honest(t testing.TB, ctx context.Context, s stream.ByteStream, err error) {
	t.Helper()
	testkit.Must(t, err)
	testkit.Must(t, s.Send(ctx, []byte("hello")))
	buf := make([]byte, 5)
	for got := 0; got < len(buf); {
		n, err := s.Receive(ctx, buf[got:])
		testkit.Must(t, err)
		got += n
	}
	if string(buf) != "hello" {
		t.Errorf("%q came back", buf)
	}
	testkit.Must(t, s.Close(ctx))
}

// A server goes on when its peers reset, close, and talk nonsense, and keeps nothing of
// them.
func TestServerOutlivesHostilePeers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, nil, func(ctx context.Context, s *socket.Stream) error { return echo(ctx, s) })
			})
			s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
			honest(t, ctx, s, err)
			before := descriptorsBefore(t, ctx)
			attack(t, ctx, l.Port(), hostile)
			s, err = socket.DialTCP(ctx, "127.0.0.1", l.Port())
			honest(t, ctx, s, err)
			wantDescriptors(t, ctx, before)
			tg.Cancel("done")
			return nil
		}))
		testkit.Must(t, l.Close(ctx))
	})
}

// A slow conn hands on what is written in small pieces, spoils some of it, and ends after
// some bytes.
type slowConn struct {
	*net.TCPConn
	left  int  // bytes until the end
	spoil bool // the last of them
}

func (c *slowConn) Write(p []byte) (int, error) {
	for i := range p {
		b := p[i : i+1]
		if c.left--; c.left < 0 {
			reset(c.TCPConn)
			return i, net.ErrClosed
		} else if c.left == 0 && c.spoil {
			b = []byte{^p[i]}
		}
		if _, err := c.TCPConn.Write(b); err != nil {
			return i, err
		}
	}
	return len(p), nil
}

// A TLS listener goes on when handshakes come byte by byte, are cut off and spoiled
// anywhere, or are none.
func TestTLSListenerOutlivesHostilePeers(t *testing.T) {
	model := httptest.NewTLSServer(nil) // for its certificate
	config := &tls.Config{Certificates: model.TLS.Certificates}
	roots := x509.NewCertPool()
	roots.AddCert(model.Certificate())
	model.Close()
	client := &tls.Config{RootCAs: roots, ServerName: "example.com"}
	peers := append([]peer{
		func(r *rand.Rand, c *net.TCPConn) {
			t := tls.Client(&slowConn{c, r.IntN(400), r.IntN(2) == 0}, client)
			if t.Handshake() == nil {
				_, _ = t.Write([]byte("hello"))
			}
			reset(c)
		},
		func(r *rand.Rand, c *net.TCPConn) { // a record that says it is a handshake
			_, _ = c.Write(append([]byte{22, 3, 1, byte(r.Uint32()), byte(r.Uint32())}, garbage(r, r.IntN(3000))...))
			_ = c.CloseWrite()
			_, _ = io.Copy(io.Discard, c)
		},
	}, hostile...)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		inner, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		l, err := tlsstream.NewListener(inner, config, &tlsstream.Options{
			MaxHandshakes:    3,
			OnHandshakeError: func(context.Context, error, stream.ByteStream) {},
		})
		testkit.Must(t, err)
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return l.Serve(ctx, nil, func(ctx context.Context, s *tlsstream.Stream) error { return echo(ctx, s) })
			})
			dial := func() (stream.ByteStream, error) {
				s, err := socket.DialTCP(ctx, "127.0.0.1", inner.Port())
				testkit.Must(t, err)
				return tlsstream.Client(ctx, s, client, nil)
			}
			s, err := dial()
			honest(t, ctx, s, err)
			before := descriptorsBefore(t, ctx)
			attack(t, ctx, inner.Port(), peers)
			s, err = dial()
			honest(t, ctx, s, err)
			wantDescriptors(t, ctx, before)
			if l.HandshakeFailures() == 0 {
				t.Error("no handshake has failed")
			}
			tg.Cancel("done")
			return nil
		}))
		testkit.Must(t, l.Close(ctx))
	})
}

// A datagram socket gives out what comes, of any size and from anybody, and is not closed
// by what its own answers bring about.
func TestDatagramSocketOutlivesGarbage(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.SkipSim(t, ctx)
		u, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for {
					p, err := u.Receive(ctx)
					if err != nil {
						return err
					}
					_ = u.Send(ctx, p) // whoever asked may be gone
				}
			})
			ask := func() {
				c, err := socket.DialUDP(ctx, "127.0.0.1", u.LocalAddr().(*net.UDPAddr).Port)
				testkit.Must(t, err)
				for answered := false; !answered; { // the garbage may have filled the queue
					testkit.Must(t, c.Send(ctx, []byte("hello")))
					_, err := anyio.MoveOnAfter(ctx, 100*time.Millisecond, func(ctx context.Context) error {
						p, err := c.Receive(ctx)
						answered = err == nil && string(p) == "hello"
						return err
					})
					testkit.Must(t, err)
				}
				testkit.Must(t, c.Close(ctx))
			}
			ask()
			before := descriptorsBefore(t, ctx)
			testkit.Must(t, anyio.RunBlocking(ctx, func() error {
				r := rand.New(rand.NewPCG(1, 0))
				for i := range 200 {
					c, err := net.Dial("udp", u.LocalAddr().String())
					if err != nil {
						return err
					}
					_, _ = c.Write(garbage(r, []int{0, 1, 1500, 65_507}[i%4]))
					_ = c.Close()
					runtime.Gosched()
				}
				return nil
			}))
			ask()
			wantDescriptors(t, ctx, before)
			tg.Cancel("done")
			return nil
		}))
		testkit.Must(t, u.Close(ctx))
	})
}
