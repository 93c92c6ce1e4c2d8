package asyncio_test

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

// A buffered is a BufferedProtocol with a small buffer of its own.
type buffered struct {
	asyncio.ProtocolDefaults
	buf  [7]byte
	fill int
	all  []byte
}

func (p *buffered) GetBuffer(hint int) []byte { return p.buf[p.fill:] }

func (p *buffered) BufferUpdated(n int) {
	if p.fill += n; p.fill == len(p.buf) {
		p.all, p.fill = append(p.all, p.buf[:]...), 0
	}
}

func TestSetProtocolAndBufferedProtocol(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		send(t, ctx, peer, "first")
		until(t, ctx, func() bool { return p.got.String() == "first" })
		b := &buffered{}
		p.tr.SetProtocol(b)
		if p.tr.Protocol() != asyncio.BaseProtocol(b) {
			t.Error("another protocol")
		}
		want := strings.Repeat("1234567", 1000)
		send(t, ctx, peer, want)
		until(t, ctx, func() bool { return len(b.all) == len(want) })
		if string(b.all) != want || p.got.String() != "first" {
			t.Errorf("%d bytes", len(b.all))
		}
		p.tr.SetProtocol(p)
		_ = peer.SendEOF(ctx)
		p.wantLost(ctx, nil)
		p.wantLog("made data eof lost")
	})
}

type noBuffer struct {
	*logger
}

func (noBuffer) GetBuffer(int) []byte { return nil }
func (noBuffer) BufferUpdated(int)    {}

func TestEmptyBufferEndsTheConnection(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		told := 0
		loopOf(t, ctx).SetExceptionHandler(func(*asyncio.Loop, asyncio.ErrorContext) { told++ })
		until(t, ctx, func() bool { return p.tr != nil })
		p.tr.SetProtocol(noBuffer{p})
		_ = peer.Send(ctx, []byte("x")) // unless the loop has asked for a buffer already
		if err, _ := p.lost.Await(ctx); err == nil || told != 1 {
			t.Errorf("lost with %v, told %d", err, told)
		}
	})
}

// A gram is a DatagramProtocol that remembers what it gets.
type gram struct {
	asyncio.DatagramProtocolDefaults
	tr   asyncio.DatagramTransport
	got  []string
	from net.Addr
	errs []error
	lost int
	echo bool
}

func (p *gram) ConnectionMade(tr asyncio.DatagramTransport) { p.tr = tr }
func (p *gram) ErrorReceived(err error)                     { p.errs = append(p.errs, err) }
func (p *gram) ConnectionLost(error)                        { p.lost++ }
func (p *gram) DatagramReceived(data []byte, from net.Addr) {
	p.got, p.from = append(p.got, string(data)), from
	if p.echo {
		_ = p.tr.SendTo(data, from)
	}
}

func (p *gram) factory() asyncio.DatagramProtocol { return p }

func TestDatagramEndpoints(t *testing.T) {
	for _, network := range []string{"udp", "unixgram"} {
		t.Run(network, func(t *testing.T) {
			path := ""
			if network == "unixgram" {
				path = gramPath(t)
			}
			onLoops(t, func(t *testing.T, ctx context.Context) {
				l := loopOf(t, ctx)
				open := func(p *gram, o asyncio.DatagramOptions) asyncio.DatagramTransport {
					t.Helper()
					tr, _, err := l.CreateDatagramEndpoint(ctx, p.factory, o)
					if err != nil {
						t.Fatal(err)
					}
					if p.tr != tr || tr.Protocol() != asyncio.DatagramProtocol(p) {
						t.Error("ConnectionMade was not called")
					}
					return tr
				}
				server, client := &gram{echo: true}, &gram{}
				var so, co asyncio.DatagramOptions
				if network == "udp" {
					so.LocalHost = "127.0.0.1"
				} else {
					so.LocalPath = path
				}
				st := open(server, so)
				defer st.Abort()
				addr := st.ExtraInfo("sockname").(net.Addr)
				if network == "udp" {
					co.RemoteHost, co.RemotePort = "127.0.0.1", addr.(*net.UDPAddr).Port
				} else {
					co.RemotePath, co.LocalPath = path, path+"c"
				}
				ct := open(client, co)
				for _, text := range []string{"one", "", "two"} {
					if err := ct.SendTo([]byte(text), nil); err != nil {
						t.Error(err)
					}
				}
				until(t, ctx, func() bool { return len(client.got) == 3 })
				if got := strings.Join(client.got, ","); got != "one,,two" || client.from.String() != addr.String() {
					t.Errorf("got %q from %v", got, client.from)
				}
				if err := ct.SendTo([]byte("x"), addr); err != nil {
					t.Errorf("to the other side by its address: %v", err)
				}
				if err := ct.SendTo([]byte("x"), ct.ExtraInfo("sockname").(net.Addr)); !isMisuse(err) {
					t.Errorf("to another address: %v", err)
				}
				if err := st.SendTo([]byte("x"), nil); !isMisuse(err) {
					t.Errorf("to nobody: %v", err)
				}
				ct.Close()
				ct.Close()
				if client.lost != 0 || !ct.IsClosing() {
					t.Error("lost within Close")
				}
				until(t, ctx, func() bool { return client.lost > 0 })
				turns(t, ctx, 5)
				if client.lost != 1 || ct.Protocol() != nil {
					t.Errorf("lost %d times", client.lost)
				}
				if err := ct.SendTo([]byte("x"), nil); !errors.Is(err, anyio.ErrClosed) {
					t.Errorf("SendTo after Close: %v", err)
				}
			})
		})
	}
}

// needRefusals skips a test of datagrams that nobody takes.
func needRefusals(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("package net asks Windows not to tell of them")
	}
}

func TestDatagramThatNobodyTakesIsAnError(t *testing.T) {
	needRefusals(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		other := must[*socket.UDPSocket](t)(socket.ListenUDP(ctx, "127.0.0.1", 0))
		port := other.LocalAddr().(*net.UDPAddr).Port
		_ = other.Close(ctx)
		p := &gram{}
		tr, _, err := l.CreateDatagramEndpoint(ctx, p.factory, asyncio.DatagramOptions{RemoteHost: "127.0.0.1", RemotePort: port})
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Abort()
		_ = tr.SendTo([]byte("x"), nil)
		until(t, ctx, func() bool { return len(p.errs) > 0 })
		if !errors.Is(p.errs[0], syscall.ECONNREFUSED) || tr.IsClosing() {
			t.Errorf("%v, closing %v", p.errs, tr.IsClosing())
		}
	})
}

// A UNIX socket has room for some datagrams; the others wait in the transport.
func TestDatagramsAreBufferedAndFlushed(t *testing.T) {
	path := gramPath(t)
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		sink := must[*socket.UnixgramSocket](t)(socket.ListenUnixgram(ctx, path))
		defer sink.Close(ctx)
		p := &pausing{}
		tr, _, err := l.CreateDatagramEndpoint(ctx, func() asyncio.DatagramProtocol { return p }, asyncio.DatagramOptions{RemotePath: path})
		if err != nil {
			t.Fatal(err)
		}
		_ = tr.SetWriteBufferLimits(1000, 0)
		sent := 0
		for !p.paused {
			_ = tr.SendTo([]byte(strings.Repeat("x", 100)), nil)
			sent++
		}
		if n := tr.WriteBufferSize(); n <= 1000 {
			t.Errorf("paused with %d bytes", n)
		}
		tr.Close()
		buf := make([]byte, 200)
		for range sent {
			n, _, err := sink.ReceiveFrom(ctx, buf)
			if n != 100 || err != nil {
				t.Fatalf("%d, %v", n, err)
			}
		}
		until(t, ctx, func() bool { return p.lost == 1 })
		if p.paused || p.resumed != 1 {
			t.Errorf("resumed %d times", p.resumed)
		}
	})
}

type pausing struct {
	gram
	paused  bool
	resumed int
}

func (p *pausing) PauseWriting()  { p.paused = true }
func (p *pausing) ResumeWriting() { p.paused, p.resumed = false, p.resumed+1 }

func TestPanicOfADatagramProtocolEndsTheEndpoint(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		told := 0
		l.SetExceptionHandler(func(*asyncio.Loop, asyncio.ErrorContext) { told++ })
		p := &bursting{lost: asyncio.NewFuture[error](ctx)}
		tr, _, err := l.CreateDatagramEndpoint(ctx, func() asyncio.DatagramProtocol { return p }, asyncio.DatagramOptions{LocalHost: "127.0.0.1"})
		if err != nil {
			t.Fatal(err)
		}
		_ = tr.SendTo([]byte("to itself"), tr.ExtraInfo("sockname").(net.Addr))
		why, _ := p.lost.Await(ctx)
		var pe *anyio.PanicError
		if !errors.As(why, &pe) || told != 1 || !tr.IsClosing() {
			t.Errorf("lost with %v, told %d", why, told)
		}
	})
}

type bursting struct {
	asyncio.DatagramProtocolDefaults
	lost *asyncio.Future[error]
}

func (*bursting) DatagramReceived([]byte, net.Addr) { panic("burst") }
func (p *bursting) ConnectionLost(err error)        { _ = p.lost.SetResult(err) }
