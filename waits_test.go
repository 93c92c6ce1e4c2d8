package anyio_test

import (
	"context"
	"crypto/tls"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// A waitCase is a blocking call that waits until it is canceled. It calls begin when
// nothing is left but the wait itself.
type waitCase struct {
	what, op string
	world    bool // not in the simulator
	unix     bool // not on Windows
	call     func(ctx context.Context, dir string, begin func()) error
}

var local = socket.LocalHost("127.0.0.1")

// dialed is a connection to a listener of this process whose other end is silent.
func dialed(ctx context.Context) (s *socket.Stream, closeAll func(), err error) {
	l, err := socket.ListenTCP(ctx, local)
	if err != nil {
		return nil, nil, err
	}
	port, err := anyio.Extra(l, socket.AttrLocalPort)
	if err == nil {
		s, err = socket.DialTCP(ctx, "127.0.0.1", port)
	}
	if err != nil {
		_ = l.Close(ctx)
		return nil, nil, err
	}
	return s, func() { _ = s.Close(ctx); _ = l.Close(ctx) }, nil
}

func repeat(send func() error) error {
	for {
		if err := send(); err != nil {
			return err
		}
	}
}

var waitCases = []waitCase{
	{what: "TCP receive", op: "TCP.Read", call: func(ctx context.Context, _ string, begin func()) error {
		s, end, err := dialed(ctx)
		if err != nil {
			return err
		}
		defer end()
		begin()
		_, err = s.Receive(ctx, make([]byte, 1))
		return err
	}},
	{what: "TCP send", op: "TCP.Write", call: func(ctx context.Context, _ string, begin func()) error {
		s, end, err := dialed(ctx)
		if err != nil {
			return err
		}
		defer end()
		begin()
		data := make([]byte, 1<<20)
		return repeat(func() error { return s.Send(ctx, data) })
	}},
	{what: "TCP accept", op: "TCP.Accept", call: func(ctx context.Context, _ string, begin func()) error {
		l, err := socket.ListenTCP(ctx, local)
		if err != nil {
			return err
		}
		defer l.Close(ctx)
		begin()
		_, err = l.Accept(ctx)
		return err
	}},
	{what: "UDP receive", op: "UDP.Read", call: func(ctx context.Context, _ string, begin func()) error {
		s, err := socket.UDP(ctx, local)
		if err != nil {
			return err
		}
		defer s.Close(ctx)
		begin()
		_, err = s.Receive(ctx)
		return err
	}},
	{what: "UNIX accept", op: "UNIX.Accept", unix: true, call: func(ctx context.Context, dir string, begin func()) error {
		l, err := socket.ListenUnix(ctx, filepath.Join(dir, "s"))
		if err != nil {
			return err
		}
		defer l.Close(ctx)
		begin()
		_, err = l.Accept(ctx)
		return err
	}},
	{what: "UNIX receive", op: "UNIX.Read", unix: true, call: func(ctx context.Context, dir string, begin func()) error {
		l, err := socket.ListenUnix(ctx, filepath.Join(dir, "s"))
		if err != nil {
			return err
		}
		defer l.Close(ctx)
		s, err := socket.DialUnix(ctx, filepath.Join(dir, "s"))
		if err != nil {
			return err
		}
		defer s.Close(ctx)
		begin()
		_, err = s.Receive(ctx, make([]byte, 1))
		return err
	}},
	{what: "UNIX send", op: "UNIX.Write", unix: true, call: func(ctx context.Context, dir string, begin func()) error {
		l, err := socket.ListenUnix(ctx, filepath.Join(dir, "s"))
		if err != nil {
			return err
		}
		defer l.Close(ctx)
		s, err := socket.DialUnix(ctx, filepath.Join(dir, "s"))
		if err != nil {
			return err
		}
		defer s.Close(ctx)
		begin()
		data := make([]byte, 1<<20)
		return repeat(func() error { return s.Send(ctx, data) })
	}},
	{what: "UNIX datagram receive", op: "UNIX.Read", unix: true, call: func(ctx context.Context, dir string, begin func()) error {
		s, err := socket.UnixDatagram(ctx, socket.LocalPath(filepath.Join(dir, "d")))
		if err != nil {
			return err
		}
		defer s.Close(ctx)
		begin()
		_, err = s.Receive(ctx)
		return err
	}},
	{what: "UNIX datagram send", op: "UNIX.Write", unix: true, call: func(ctx context.Context, dir string, begin func()) error {
		to, err := socket.UnixDatagram(ctx, socket.LocalPath(filepath.Join(dir, "d")))
		if err != nil {
			return err
		}
		defer to.Close(ctx)
		s, err := socket.ConnectedUnixDatagram(ctx, filepath.Join(dir, "d"))
		if err != nil {
			return err
		}
		defer s.Close(ctx)
		begin()
		return repeat(func() error { return s.Send(ctx, make([]byte, 1000)) })
	}},
	{what: "wait for a descriptor", op: "WaitReadable", world: true, unix: true, call: func(ctx context.Context, _ string, begin func()) error {
		r, w, err := os.Pipe()
		if err != nil {
			return err
		}
		defer r.Close()
		defer w.Close()
		begin()
		return socket.WaitReadable(ctx, r)
	}},
	{what: "connection of package net", op: "TCP.Read", world: true, call: func(ctx context.Context, _ string, begin func()) error {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		defer l.Close()
		c, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			return err
		}
		s := socket.FromConn(c)
		defer s.Close(ctx)
		begin()
		_, err = s.Receive(ctx, make([]byte, 1))
		return err
	}},
	{what: "TLS handshake", op: "TCP.Read", call: func(ctx context.Context, _ string, begin func()) error {
		s, end, err := dialed(ctx)
		if err != nil {
			return err
		}
		defer end()
		begin()
		_, err = tlsstream.Client(ctx, s, &tls.Config{ServerName: "nobody"})
		return err
	}},
	{what: "lines over net.Conn", op: "TCP.Read", call: func(ctx context.Context, _ string, begin func()) error {
		s, end, err := dialed(ctx)
		if err != nil {
			return err
		}
		defer end()
		begin()
		_, err = stream.Reader(ctx, s).Read(make([]byte, 1))
		return err
	}},
	{what: "output of a process", op: "Conn.Read", world: true, unix: true, call: func(ctx context.Context, _ string, begin func()) error {
		p, err := process.Start(ctx, process.Command{Args: []string{"sleep", "1000"}})
		if err != nil {
			return err
		}
		defer p.Close(ctx)
		begin()
		_, err = p.Stdout.Receive(ctx, make([]byte, 1))
		return err
	}},
	{what: "end of a process", op: "Event.Wait", world: true, unix: true, call: func(ctx context.Context, _ string, begin func()) error {
		p, err := process.Start(ctx, process.Command{Args: []string{"sleep", "1000"}})
		if err != nil {
			return err
		}
		defer p.Close(ctx)
		begin()
		_, err = p.Wait(ctx)
		return err
	}},
	{what: "pipe", op: "Pipe.Receive", call: func(ctx context.Context, _ string, begin func()) error {
		a, b := stream.Pipe(0)
		defer a.Close(ctx)
		defer b.Close(ctx)
		begin()
		_, err := a.Receive(ctx, make([]byte, 1))
		return err
	}},
	{what: "lines", op: "Pipe.Receive", call: func(ctx context.Context, _ string, begin func()) error {
		a, b := stream.Pipe(0)
		defer a.Close(ctx)
		defer b.Close(ctx)
		begin()
		for _, err := range stream.NewBuffered(a).Lines(ctx, 80) {
			return err
		}
		return nil
	}},
	{what: "memory stream", op: "MemorySendStream.Send", call: func(ctx context.Context, _ string, begin func()) error {
		s, r := stream.Memory[int](0)
		defer s.Close(ctx)
		defer r.Close(ctx)
		begin()
		return s.Send(ctx, 1)
	}},
	{what: "select", op: "Select", call: func(ctx context.Context, _ string, begin func()) error {
		var ev anyio.Event
		begin()
		_, err := anyio.Select(ctx, anyio.OnEvent(&ev))
		return err
	}},
	{what: "signals", op: "SignalReceiver.Receive", call: func(ctx context.Context, _ string, begin func()) error {
		r, err := anyio.OpenSignalReceiver(ctx, os.Interrupt)
		if err != nil {
			return err
		}
		defer r.Close(ctx)
		begin()
		_, err = r.Receive(ctx)
		return err
	}},
	{what: "semaphore", op: "Semaphore.Acquire", call: func(ctx context.Context, _ string, begin func()) error {
		s := anyio.NewSemaphore(0)
		begin()
		return s.Acquire(ctx)
	}},
}

// A wait has one name on all backends, and is shown at the user's line.
func TestEveryWaitHasOneNameAndTheUsersLine(t *testing.T) {
	for _, c := range waitCases {
		t.Run(strings.ReplaceAll(c.what, " ", "-"), func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				if c.world {
					skipSim(t, ctx)
				}
				if c.unix && runtime.GOOS == "windows" {
					t.Skip("of UNIX systems")
				}
				dir := t.TempDir()
				if backendOf(ctx) == "sim" {
					dir = "/"
				}
				var begun atomic.Bool
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					h := tg.Go(func(ctx context.Context) error {
						return c.call(ctx, dir, func() { begun.Store(true) })
					}, anyio.Name("waiter"))
					for !begun.Load() && h.Status() == anyio.TaskPending {
						allBlocked(t, ctx)
					}
					// A sender may go on for a moment when the system moves data.
					var i anyio.TaskInfo
					for n := 0; n < 1000 && i.State != anyio.TaskWaiting && h.Status() == anyio.TaskPending; n++ {
						allBlocked(t, ctx)
						i = taskNamed(t, ctx, "waiter")
					}
					wantWait(t, c.what, i, anyio.TaskWaiting, c.op)
					if at := i.Sources(); len(at) == 0 || !strings.Contains(at[0], "waits_test.go") {
						t.Errorf("it is shown at %q", at)
					}
					tg.Cancel("seen")
					return nil
				})
				wantNil(t, c.what, err)
			})
		})
	}
}
