package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/socket"
)

// A logger is a protocol that logs what it is told, and checks that it is told in order.
type logger struct {
	record
	t        *testing.T
	tr       asyncio.Transport
	keepOpen bool
	paused   bool
	lost     *asyncio.Future[error]
	got      bytes.Buffer
	onData   func(data []byte)
}

func newLogger(t *testing.T, ctx context.Context) *logger {
	return &logger{t: t, lost: asyncio.NewFuture[error](ctx)}
}

// in fails the test unless the connection is made, and not lost.
func (p *logger) in(what string) {
	if p.tr == nil || p.lost.Done() {
		p.t.Errorf("%s before ConnectionMade or after ConnectionLost", what)
	}
	p.add("%s", what)
}

func (p *logger) ConnectionMade(tr asyncio.Transport) {
	if p.tr != nil {
		p.t.Error("ConnectionMade twice")
	}
	p.tr = tr
	p.in("made")
}

func (p *logger) DataReceived(data []byte) {
	if len(data) == 0 {
		p.t.Error("no data")
	}
	p.in("data")
	p.got.Write(data)
	if p.onData != nil {
		p.onData(data)
	}
}

func (p *logger) EOFReceived() bool {
	p.in("eof")
	return p.keepOpen
}

func (p *logger) PauseWriting() {
	if p.paused {
		p.t.Error("PauseWriting twice")
	}
	p.paused = true
	p.in("pause")
}

func (p *logger) ResumeWriting() {
	if !p.paused {
		p.t.Error("ResumeWriting without PauseWriting")
	}
	p.paused = false
	p.in("resume")
}

func (p *logger) ConnectionLost(err error) {
	p.in("lost")
	if e := p.lost.SetResult(err); e != nil {
		p.t.Error("ConnectionLost twice")
	}
}

func (p *logger) factory() asyncio.BaseProtocol { return p }

// log is what happened, equal things in a row once.
func (p *logger) log() string {
	var short []string
	for _, s := range p.all {
		if len(short) == 0 || short[len(short)-1] != s {
			short = append(short, s)
		}
	}
	return strings.Join(short, " ")
}

func (p *logger) wantLog(want string) {
	p.t.Helper()
	if got := p.log(); got != want {
		p.t.Errorf("log %q, want %q", got, want)
	}
}

// wantLost waits for the end of the connection.
func (p *logger) wantLost(ctx context.Context, want error) {
	p.t.Helper()
	err, waited := p.lost.Await(ctx)
	if waited != nil || !errors.Is(err, want) {
		p.t.Errorf("lost with %v, want %v (%v)", err, want, waited)
	}
}

// served runs f with a protocol whose connection a server has accepted, and the other end,
// over TCP and UNIX sockets, on the event loop and in simulations.
func served(t *testing.T, f func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream)) {
	t.Helper()
	for _, network := range []string{"tcp", "unix"} {
		t.Run(network, func(t *testing.T) {
			path := socketPath(t)
			onLoops(t, func(t *testing.T, ctx context.Context) {
				l := loopOf(t, ctx)
				p := newLogger(t, ctx)
				var s *asyncio.Server
				var peer *socket.Stream
				if network == "tcp" {
					s = must[*asyncio.Server](t)(l.CreateServer(ctx, p.factory, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}))
					peer = must[*socket.Stream](t)(socket.Dial(ctx, "tcp", s.Sockets()[0].LocalAddr().String()))
				} else {
					s = must[*asyncio.Server](t)(l.CreateUnixServer(ctx, p.factory, asyncio.UnixServerOptions{Path: path}))
					peer = must[*socket.Stream](t)(socket.Dial(ctx, "unix", path))
				}
				defer s.Close()
				defer peer.Close(ctx)
				f(t, ctx, p, peer)
				if p.tr != nil {
					p.tr.Abort()
				}
			})
		})
	}
}

func must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func send(t testing.TB, ctx context.Context, peer *socket.Stream, text string) {
	t.Helper()
	if err := peer.Send(ctx, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// receiveAll reads until the end.
func receiveAll(ctx context.Context, peer interface {
	Receive(ctx context.Context, p []byte) (int, error)
}) (string, error) {
	var all bytes.Buffer
	buf := make([]byte, 32<<10)
	for {
		n, err := peer.Receive(ctx, buf)
		all.Write(buf[:n])
		if errors.Is(err, io.EOF) || errors.Is(err, anyio.ErrEndOfStream) {
			return all.String(), nil
		}
		if err != nil {
			return all.String(), err
		}
	}
}

// until lets the loop go on until a condition holds.
func until(t testing.TB, ctx context.Context, cond func() bool) {
	t.Helper()
	for !cond() {
		if err := asyncio.Sleep(ctx, 1000); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStreamIsMadeThenDataThenEndThenLost(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		p.onData = func(data []byte) { _, _ = p.tr.Write(data) }
		send(t, ctx, peer, "hello")
		buf := make([]byte, 16)
		if n := must[int](t)(peer.Receive(ctx, buf)); string(buf[:n]) != "hello" {
			t.Errorf("echo %q", buf[:n])
		}
		must[struct{}](t)(struct{}{}, peer.SendEOF(ctx))
		if rest, err := receiveAll(ctx, peer); rest != "" || err != nil {
			t.Errorf("after the end: %q, %v", rest, err)
		}
		p.wantLost(ctx, nil)
		p.wantLog("made data eof lost")
		if p.tr.Protocol() != nil || !p.tr.IsClosing() {
			t.Error("the transport is not closed")
		}
	})
}

func TestHalfOpen(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		p.keepOpen = true
		must[struct{}](t)(struct{}{}, peer.SendEOF(ctx))
		until(t, ctx, func() bool { return p.log() == "made eof" })
		if _, err := p.tr.Write([]byte("still here")); err != nil {
			t.Error(err)
		}
		p.tr.WriteEOF()
		if _, err := p.tr.Write([]byte("x")); !isMisuse(err) {
			t.Errorf("Write after WriteEOF: %v", err)
		}
		if all, err := receiveAll(ctx, peer); all != "still here" || err != nil {
			t.Errorf("received %q, %v", all, err)
		}
		p.tr.Close()
		p.wantLost(ctx, nil)
		p.wantLog("made eof lost")
	})
}

func isMisuse(err error) bool {
	var m *anyio.MisuseError
	return errors.As(err, &m)
}

func TestWriteIsBufferedAndCloseFlushes(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		until(t, ctx, func() bool { return p.tr != nil })
		data := strings.Repeat("0123456789", 500<<10)
		if n, err := p.tr.Write([]byte(data)); n != len(data) || err != nil {
			t.Errorf("Write: %d, %v", n, err)
		}
		if p.tr.WriteBufferSize() == 0 || !p.paused {
			t.Errorf("%d bytes are buffered, paused %v", p.tr.WriteBufferSize(), p.paused)
		}
		must[struct{}](t)(struct{}{}, p.tr.WriteLines([][]byte{[]byte("and"), []byte(" more")}))
		p.tr.Close()
		p.tr.Close()
		if p.lost.Done() || !p.tr.IsClosing() || p.tr.IsReading() {
			t.Error("lost before the buffer is written")
		}
		all, err := receiveAll(ctx, peer)
		if err != nil || all != data+"and more" {
			t.Errorf("received %d bytes, %v", len(all), err)
		}
		p.wantLost(ctx, nil)
		p.wantLog("made pause resume lost")
		if _, err := p.tr.Write([]byte("x")); !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("Write to a lost connection: %v", err)
		}
	})
}

func TestFlowControlIsToldAtTheLimits(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		until(t, ctx, func() bool { return p.tr != nil })
		must[struct{}](t)(struct{}{}, p.tr.SetWriteBufferLimits(1000, 10))
		if low, high := p.tr.WriteBufferLimits(); low != 10 || high != 1000 {
			t.Errorf("limits %d, %d", low, high)
		}
		chunk := make([]byte, 64<<10)
		for p.tr.WriteBufferSize() == 0 { // fill the system's buffers
			if _, err := p.tr.Write(chunk); err != nil {
				t.Fatal(err)
			}
		}
		// What is buffered is more than the limit by now, unless it is a short rest.
		size := p.tr.WriteBufferSize()
		if want := size > 1000; p.paused != want {
			t.Errorf("with %d bytes: paused %v", size, p.paused)
		}
		must[struct{}](t)(struct{}{}, p.tr.SetWriteBufferLimits(size+100, size))
		if !p.paused {
			_, _ = p.tr.Write(make([]byte, 100))
			if p.paused {
				t.Error("paused at the limit")
			}
			_, _ = p.tr.Write(make([]byte, 1))
			if !p.paused {
				t.Error("not paused above the limit")
			}
		}
		go1 := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return receiveAll(ctx, peer) })
		until(t, ctx, func() bool { return !p.paused })
		if n := p.tr.WriteBufferSize(); n > size {
			t.Errorf("resumed with %d bytes", n)
		}
		p.tr.Close()
		if _, err := go1.Await(ctx); err != nil {
			t.Error(err)
		}
		p.wantLost(ctx, nil)
		p.wantLog("made pause resume lost")
	})
}

func TestWriteBufferLimits(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		until(t, ctx, func() bool { return p.tr != nil })
		for _, c := range []struct{ high, low, wantLow, wantHigh int }{
			{-1, -1, 16 << 10, 64 << 10}, {100, -1, 25, 100}, {-1, 100, 100, 400}, {0, -1, 0, 0}, {7, 7, 7, 7},
		} {
			err := p.tr.SetWriteBufferLimits(c.high, c.low)
			if low, high := p.tr.WriteBufferLimits(); err != nil || low != c.wantLow || high != c.wantHigh {
				t.Errorf("SetWriteBufferLimits(%d, %d): %d, %d, %v", c.high, c.low, low, high, err)
			}
		}
		if err := p.tr.SetWriteBufferLimits(1, 2); !isMisuse(err) {
			t.Errorf("low above high: %v", err)
		}
		if low, high := p.tr.WriteBufferLimits(); low != 7 || high != 7 {
			t.Errorf("limits that were refused are set: %d, %d", low, high)
		}
	})
}

func TestPauseReadingStopsData(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		until(t, ctx, func() bool { return p.tr != nil })
		p.tr.PauseReading()
		for i := range 3 {
			send(t, ctx, peer, fmt.Sprint(i))
			turns(t, ctx, 5)
		}
		p.tr.PauseReading()
		if p.got.Len() > 0 || p.tr.IsReading() {
			t.Errorf("received %q", p.got.String())
		}
		p.tr.ResumeReading()
		p.tr.ResumeReading()
		until(t, ctx, func() bool { return p.got.String() == "012" })
		p.onData = func([]byte) { p.tr.PauseReading() }
		send(t, ctx, peer, "3")
		until(t, ctx, func() bool { return p.got.String() == "0123" })
		send(t, ctx, peer, "4")
		turns(t, ctx, 5)
		if p.tr.IsReading() {
			t.Error("not paused")
		}
		p.tr.ResumeReading()
		until(t, ctx, func() bool { return p.got.String() == "01234" })
	})
}

func TestAbortDropsWhatIsBuffered(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		until(t, ctx, func() bool { return p.tr != nil })
		_, _ = p.tr.Write(make([]byte, 8<<20))
		p.tr.Abort()
		p.tr.Abort()
		if p.tr.WriteBufferSize() != 0 || p.lost.Done() {
			t.Error("the buffer is kept, or the protocol told at once")
		}
		p.wantLost(ctx, nil)
		p.wantLog("made pause lost")
	})
}

func TestErrorEndsTheConnection(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		until(t, ctx, func() bool { return p.tr != nil })
		p.tr.PauseReading() // what it has not read makes its end a reset of the other one's
		send(t, ctx, peer, "x")
		must[struct{}](t)(struct{}{}, peer.Close(ctx))
		p.keepOpen = true
		p.tr.ResumeReading()
		until(t, ctx, func() bool { return p.log() == "made data eof" || p.lost.Done() })
		for !p.tr.IsClosing() { // the first may still be taken
			_, _ = p.tr.Write([]byte("y"))
			turns(t, ctx, 2)
		}
		err, _ := p.lost.Await(ctx)
		var op *net.OpError
		if !errors.As(err, &op) {
			t.Errorf("lost with %v", err)
		}
		log := logged(t, func() {
			for i := range 6 {
				if _, err := p.tr.Write([]byte("z")); !errors.Is(err, anyio.ErrClosed) {
					t.Errorf("write %d after it was lost: %v", i, err)
				}
			}
		})
		if n := strings.Count(log, "goes on writing"); n == 0 || n > 5 {
			t.Errorf("warned %d times:\n%s", n, log)
		}
	})
}

// logged is what f logs.
func logged(t *testing.T, f func()) string {
	t.Helper()
	var b bytes.Buffer
	defer slog.SetDefault(slog.Default())
	slog.SetDefault(slog.New(slog.NewTextHandler(&b, nil)))
	f()
	return b.String()
}

func TestPanicOfAProtocolIsReportedAndEndsTheConnection(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		l := loopOf(t, ctx)
		var told []asyncio.ErrorContext
		l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = append(told, c) })
		defer l.SetExceptionHandler(nil)
		p.onData = func([]byte) { panic("oops") }
		send(t, ctx, peer, "x")
		err, _ := p.lost.Await(ctx)
		var pe *anyio.PanicError
		if !errors.As(err, &pe) || pe.Value != "oops" || len(told) != 1 || told[0].Protocol != any(p) {
			t.Errorf("lost with %v, told %v", err, told)
		}
		p.wantLog("made data lost")
	})
}

// A callback that DataReceived schedules comes before the next data.
func TestOthersHaveTheirTurnBetweenData(t *testing.T) {
	served(t, func(t *testing.T, ctx context.Context, p *logger, peer *socket.Stream) {
		l := loopOf(t, ctx)
		pending, calls := false, 0
		p.onData = func([]byte) {
			if pending {
				t.Error("data came twice in a row")
			}
			pending = true
			l.CallSoon(func() { pending, calls = false, calls+1 })
		}
		want := strings.Repeat("x", 1<<20)
		send(t, ctx, peer, want)
		until(t, ctx, func() bool { return p.got.Len() == len(want) })
		if calls == 0 {
			t.Error("never called")
		}
	})
}
