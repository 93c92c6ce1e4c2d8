//go:build unix

package asyncio_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// onEventLoop runs a test where there are descriptors.
func onEventLoop(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	anyiotest.Run(t, f, anyiotest.Only("eventloop"))
}

// needReadiness skips a test of what is told of descriptors that nobody reads or writes.
func needReadiness(t *testing.T) {
	if pumped {
		t.Skip("this event loop knows of no descriptors")
	}
}

func osPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func TestPipeTransports(t *testing.T) {
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		r, w := osPipe(t)
		rp, wp := newLogger(t, ctx), newLogger(t, ctx)
		rp.keepOpen = true // which makes no difference
		rt, _, err := l.ConnectReadPipe(ctx, rp.factory, r)
		if err != nil {
			t.Fatal(err)
		}
		wt, _, err := l.ConnectWritePipe(ctx, wp.factory, w)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("x")); !errors.Is(err, os.ErrClosed) {
			t.Errorf("the file is still open: %v", err)
		}
		if rt.CanWriteEOF() || !wt.CanWriteEOF() || rt.ExtraInfo("peername") != nil {
			t.Error("extra")
		}
		if s, ok := rt.ExtraInfo("pipe").(*asyncio.TransportSocket); !ok || s.LocalAddr() != nil {
			t.Error("no pipe")
		}
		for _, tr := range []asyncio.Transport{rt, wt} {
			_, err := l.SendFile(ctx, tr, strings.NewReader("x"), 0, 0)
			testkit.WantMisuse(t, "SendFile", err)
		}
		data := strings.Repeat("0123456789", 50<<10)
		_, _ = wt.Write([]byte(data))
		if wt.WriteBufferSize() == 0 {
			t.Error("nothing is buffered")
		}
		wt.WriteEOF()
		rp.wantLost(ctx, nil)
		wp.wantLost(ctx, nil)
		if rp.got.String() != data {
			t.Errorf("received %d bytes", rp.got.Len())
		}
		rp.wantLog("made data eof lost")
		wp.wantLog("made pause resume lost")
		for what, f := range map[string]func(){"Write": func() { _, _ = rt.Write(nil) }, "PauseReading": wt.PauseReading} {
			if v := recovered(f); v == nil {
				t.Errorf("%s of the wrong end did not panic", what)
			}
		}
	})
}

func recovered(f func()) (v any) {
	defer func() { v = recover() }()
	f()
	return nil
}

func TestWritePipeIsClosedWhenNobodyReads(t *testing.T) {
	needReadiness(t)
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		r, w := osPipe(t)
		p := newLogger(t, ctx)
		if _, _, err := l.ConnectWritePipe(ctx, p.factory, w); err != nil {
			t.Fatal(err)
		}
		turns(t, ctx, 3)
		r.Close()
		p.wantLost(ctx, nil)

		_, w = osPipe(t)
		if _, _, err := l.ConnectWritePipe(ctx, func() asyncio.BaseProtocol { return onlyBase{} }, w); err != nil {
			t.Error(err) // it need not take data
		}

		r, w = osPipe(t)
		p = newLogger(t, ctx)
		wt, _, err := l.ConnectWritePipe(ctx, p.factory, w)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = wt.Write(make([]byte, 1<<20))
		r.Close()
		p.wantLost(ctx, syscall.EPIPE)
	})
}

func TestPipeIsPausedAndAborted(t *testing.T) {
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		r, w := osPipe(t)
		rp, wp := newLogger(t, ctx), newLogger(t, ctx)
		rt, _, err := l.ConnectReadPipe(ctx, rp.factory, r)
		if err != nil {
			t.Fatal(err)
		}
		wt, _, err := l.ConnectWritePipe(ctx, wp.factory, w)
		if err != nil {
			t.Fatal(err)
		}
		rt.PauseReading()
		rt.PauseReading()
		_, _ = wt.Write(make([]byte, 1<<20))
		until(t, ctx, func() bool { return wt.WriteBufferSize() < 1<<20 })
		turns(t, ctx, 5)
		if rp.got.Len() > 0 || rt.IsReading() {
			t.Errorf("received %d bytes", rp.got.Len())
		}
		wt.Abort()
		wt.Close()
		wp.wantLost(ctx, nil)
		rt.ResumeReading()
		rp.wantLost(ctx, nil)
		if n := rp.got.Len(); n == 0 || n == 1<<20 {
			t.Errorf("received %d bytes of what was written before the abort", n)
		}
		rt.ResumeReading()
		rt.PauseReading()
	})
}

func TestPipeTransportsRefuseFiles(t *testing.T) {
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		f, err := os.Create(t.TempDir() + "/file")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for _, pipe := range []any{f, "no pipe"} {
			if _, _, err := loopOf(t, ctx).ConnectReadPipe(ctx, newEcho, pipe); !isMisuse(err) {
				t.Errorf("%v: %v", pipe, err)
			}
		}
		if _, err := f.Stat(); err != nil {
			t.Errorf("what was refused is closed: %v", err)
		}
	})
}

func TestReadersAndWritersAreCalledWhileReady(t *testing.T) {
	needReadiness(t)
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		rf, wf := osPipe(t)
		r, w := rf.Fd(), wf.Fd()
		reads, writes := 0, 0
		if err := errors.Join(l.AddReader(r, func() { reads++ }), l.AddWriter(w, func() { writes++ })); err != nil {
			t.Fatal(err)
		}
		until(t, ctx, func() bool { return writes > 3 })
		if reads != 0 {
			t.Error("called when there is nothing to read")
		}
		if !l.RemoveWriter(w) || l.RemoveWriter(w) {
			t.Error("RemoveWriter")
		}
		before := writes
		turns(t, ctx, 3)
		if writes != before {
			t.Error("called after it was removed")
		}
		_, _ = wf.Write([]byte("x"))
		until(t, ctx, func() bool { return reads > 3 })
		// Replaced by one that reads.
		got := ""
		_ = l.AddReader(r, func() {
			buf := make([]byte, 8)
			n, _ := syscall.Read(int(r), buf)
			got += string(buf[:n])
		})
		before = reads
		until(t, ctx, func() bool { return got == "x" })
		turns(t, ctx, 3)
		_, _ = wf.Write([]byte("y"))
		until(t, ctx, func() bool { return got == "xy" })
		if reads != before {
			t.Error("who was replaced was called")
		}
		if !l.RemoveReader(r) {
			t.Error("RemoveReader")
		}
	})
}

func TestDescriptorOfATransportIsRefused(t *testing.T) {
	needReadiness(t)
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, onLoopback))
		defer s.Close()
		tr, _, err := l.CreateConnection(ctx, newEcho, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)})
		if err != nil {
			t.Fatal(err)
		}
		defer tr.Abort()
		turns(t, ctx, 5) // it is being read
		raw := must[syscall.RawConn](t)(tr.ExtraInfo("socket").(*asyncio.TransportSocket).SyscallConn())
		_ = raw.Control(func(fd uintptr) {
			if err := errors.Join(l.AddReader(fd, func() {}), l.AddWriter(fd, func() {})); !isMisuse(err) {
				t.Errorf("AddReader: %v", err)
			}
		})
	})
}

// Sockets of package net are taken as well.
func TestSocketsOfPackageNetAreTaken(t *testing.T) {
	onEventLoop(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		listener := must[net.Listener](t)(net.Listen("tcp", "127.0.0.1:0"))
		s := must[*asyncio.Server](t)(l.CreateServer(ctx, newEcho, asyncio.ServerOptions{Socket: listener}))
		defer s.Close()
		c := must[net.Conn](t)(net.Dial("tcp", s.Sockets()[0].LocalAddr().String())) //anyiovet:ignore loopblock the system answers it, not the loop
		p := newLogger(t, ctx)
		tr, _, err := l.CreateConnection(ctx, p.factory, asyncio.ConnectionOptions{Socket: c})
		if err != nil {
			t.Fatal(err)
		}
		_, _ = tr.Write([]byte("ping"))
		until(t, ctx, func() bool { return p.got.String() == "ping" })
		tr.Close()
		p.wantLost(ctx, nil)

		u := must[net.PacketConn](t)(net.ListenPacket("udp", "127.0.0.1:0"))
		g := &gram{echo: true}
		gt, _, err := l.CreateDatagramEndpoint(ctx, g.factory, asyncio.DatagramOptions{Socket: u})
		if err != nil {
			t.Fatal(err)
		}
		defer gt.Abort()
		other := must[*socket.UDPSocket](t)(socket.ListenUDP(ctx, "127.0.0.1", 0))
		defer other.Close(ctx)
		peer := &gram{}
		pt, _, err := l.CreateDatagramEndpoint(ctx, peer.factory, asyncio.DatagramOptions{Socket: other})
		if err != nil {
			t.Fatal(err)
		}
		defer pt.Abort()
		_ = pt.SendTo([]byte("ping"), gt.ExtraInfo("sockname").(net.Addr))
		until(t, ctx, func() bool { return len(peer.got) == 1 })
		if _, _, err := l.CreateDatagramEndpoint(ctx, g.factory, asyncio.DatagramOptions{Socket: u, LocalPort: 1}); !isMisuse(err) {
			t.Errorf("a socket and a port: %v", err)
		}
		if _, _, err := l.CreateDatagramEndpoint(ctx, g.factory, asyncio.DatagramOptions{Socket: "no socket"}); !isMisuse(err) {
			t.Errorf("no socket: %v", err)
		}
	})
}

func TestThereAreNoDescriptorsInASimulation(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := loopOf(t, ctx)
		r, _ := osPipe(t)
		e := l.AddReader(r.Fd(), func() {})
		_, _, err := l.ConnectReadPipe(ctx, newEcho, r)
		if !errors.Is(e, errors.ErrUnsupported) || !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("AddReader: %v, ConnectReadPipe: %v", e, err)
		}
	}, anyiotest.Only("sim"))
}
