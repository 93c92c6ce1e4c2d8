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
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// A waitCase is a blocking call that waits until it is canceled.
type waitCase struct {
	what, op string
	world    bool // not in the simulator
	unix     bool // not on Windows
	call     waitCall
}

// A waitCall calls begin when nothing is left but the wait itself.
type waitCall func(ctx context.Context, dir string, begin func()) error

// An opener makes what a call waits for, with what that is connected to, if anything.
type opener[R anyio.Resource] func(ctx context.Context, dir string) (r R, to anyio.Resource, err error)

// on waits for what open makes.
func on[R anyio.Resource](open opener[R], wait func(ctx context.Context, r R) error) waitCall {
	return func(ctx context.Context, dir string, begin func()) error {
		r, to, err := open(ctx, dir)
		if to != nil {
			defer to.Close(ctx)
		}
		if err != nil {
			return err
		}
		defer r.Close(ctx)
		begin()
		return wait(ctx, r)
	}
}

func listenTCP(ctx context.Context, _ string) (*socket.TCPListener, anyio.Resource, error) {
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	return l, nil, err
}

func dialTCP(ctx context.Context, dir string) (*socket.Stream, anyio.Resource, error) {
	l, _, err := listenTCP(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	s, err := socket.DialTCP(ctx, "127.0.0.1", l.Port())
	return s, l, err
}

func listenUnix(ctx context.Context, dir string) (*socket.UnixListener, anyio.Resource, error) {
	l, err := socket.ListenUnix(ctx, filepath.Join(dir, "s"))
	return l, nil, err
}

func dialUnix(ctx context.Context, dir string) (*socket.UnixStream, anyio.Resource, error) {
	l, _, err := listenUnix(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	s, err := socket.DialUnix(ctx, filepath.Join(dir, "s"))
	return s, l, err
}

func openUDP(ctx context.Context, _ string) (*socket.UDPSocket, anyio.Resource, error) {
	s, err := socket.ListenUDP(ctx, "127.0.0.1", 0)
	return s, nil, err
}

func openUnixDatagram(ctx context.Context, dir string) (*socket.UnixgramSocket, anyio.Resource, error) {
	s, err := socket.ListenUnixgram(ctx, filepath.Join(dir, "d"))
	return s, nil, err
}

func connectUnixDatagram(ctx context.Context, dir string) (*socket.ConnectedUnixgramSocket, anyio.Resource, error) {
	to, _, err := openUnixDatagram(ctx, dir)
	if err != nil {
		return nil, nil, err
	}
	s, err := socket.DialUnixgram(ctx, filepath.Join(dir, "d"))
	return s, to, err
}

func openPipe(context.Context, string) (stream.ByteStream, anyio.Resource, error) {
	a, b := stream.Pipe(0)
	return a, b, nil
}

func openMemory(context.Context, string) (*stream.MemorySendStream[int], anyio.Resource, error) {
	s, r := stream.Memory[int](0)
	return s, r, nil
}

func openSignals(ctx context.Context, _ string) (*signals.Receiver, anyio.Resource, error) {
	r, err := signals.Open(ctx, os.Interrupt)
	return r, nil, err
}

func startSleep(ctx context.Context, _ string) (*process.Process, anyio.Resource, error) {
	p, err := process.Start(ctx, process.Command{Args: []string{"sleep", "1000"}})
	return p, nil, err
}

// value is call for its error.
func value[R, V any](call func(R, context.Context) (V, error)) func(context.Context, R) error {
	return func(ctx context.Context, r R) error { _, err := call(r, ctx); return err }
}

func receiveByte[R stream.ByteReceiveStream](ctx context.Context, r R) error {
	_, err := r.Receive(ctx, make([]byte, 1))
	return err
}

// fill sends until there is no room.
func fill[S stream.ByteSendStream](ctx context.Context, s S) error {
	for data := make([]byte, 1<<20); ; {
		if err := s.Send(ctx, data); err != nil {
			return err
		}
	}
}

var waitCases = []waitCase{
	{what: "TCP receive", op: "TCP.Read", call: on(dialTCP, receiveByte)},
	{what: "TCP send", op: "TCP.Write", call: on(dialTCP, fill)},
	{what: "TCP accept", op: "TCP.Accept", call: on(listenTCP, value((*socket.TCPListener).Accept))},
	{what: "UDP receive", op: "UDP.Read", call: on(openUDP, value((*socket.UDPSocket).Receive))},
	{what: "UNIX accept", op: "UNIX.Accept", unix: true, call: on(listenUnix, value((*socket.UnixListener).Accept))},
	{what: "UNIX receive", op: "UNIX.Read", unix: true, call: on(dialUnix, receiveByte)},
	{what: "UNIX send", op: "UNIX.Write", unix: true, call: on(dialUnix, fill)},
	{what: "UNIX datagram receive", op: "UNIX.Read", unix: true, call: on(openUnixDatagram, value((*socket.UnixgramSocket).Receive))},
	{what: "UNIX datagram send", op: "UNIX.Write", unix: true, call: on(connectUnixDatagram, func(ctx context.Context, s *socket.ConnectedUnixgramSocket) error {
		for {
			if err := s.Send(ctx, make([]byte, 1000)); err != nil {
				return err
			}
		}
	})},
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
		return receiveByte(ctx, s)
	}},
	{what: "TLS handshake", op: "TCP.Read", call: on(dialTCP, func(ctx context.Context, s *socket.Stream) error {
		_, err := tlsstream.Client(ctx, s, &tls.Config{ServerName: "nobody"}, nil)
		return err
	})},
	{what: "lines over net.Conn", op: "TCP.Read", call: on(dialTCP, func(ctx context.Context, s *socket.Stream) error {
		_, err := stream.Reader(ctx, s).Read(make([]byte, 1))
		return err
	})},
	{what: "output of a process", op: "Conn.Read", world: true, unix: true, call: on(startSleep, func(ctx context.Context, p *process.Process) error {
		return receiveByte(ctx, p.Stdout)
	})},
	{what: "end of a process", op: "Event.Wait", world: true, unix: true, call: on(startSleep, value((*process.Process).Wait))},
	{what: "pipe", op: "Pipe.Receive", call: on(openPipe, receiveByte)},
	{what: "lines", op: "Pipe.Receive", call: on(openPipe, func(ctx context.Context, s stream.ByteStream) error {
		for _, err := range stream.NewBuffered(s).Lines(ctx, 80) {
			return err
		}
		return nil
	})},
	{what: "memory stream", op: "MemorySendStream.Send", call: on(openMemory, func(ctx context.Context, s *stream.MemorySendStream[int]) error {
		return s.Send(ctx, 1)
	})},
	{what: "select", op: "Select", call: func(ctx context.Context, _ string, begin func()) error {
		var ev anyio.Event
		begin()
		_, err := anyio.Select(ctx, anyio.OnEvent(&ev))
		return err
	}},
	{what: "signals", op: "signals.Receiver.Receive", call: on(openSignals, value((*signals.Receiver).Receive))},
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
					testkit.SkipSim(t, ctx)
				}
				if c.unix && runtime.GOOS == "windows" {
					t.Skip("of UNIX systems")
				}
				dir := t.TempDir()
				if testkit.Simulated(ctx) {
					dir = "/"
				}
				var begun atomic.Bool
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					h := tg.Go(func(ctx context.Context) error {
						return c.call(ctx, dir, func() { begun.Store(true) })
					}, anyio.Name("waiter"))
					for !begun.Load() && h.Status() == anyio.Pending {
						testkit.Settled(t, ctx)
					}
					// A sender may go on for a moment when the system moves data, and a
					// handshake sends before it waits for an answer: on threads that these
					// looks must not keep from running.
					i := testkit.TaskNamed(t, ctx, "waiter")
					for n := 0; n < 5_000 && (i.State != anyio.TaskWaiting || i.WaitsFor != c.op) && h.Status() == anyio.Pending; n++ {
						testkit.WantNil(t, "a pause", anyio.Sleep(ctx, time.Millisecond))
						i = testkit.TaskNamed(t, ctx, "waiter")
					}
					testkit.WantWait(t, c.what, i, anyio.TaskWaiting, c.op)
					if at := i.Sources(); len(at) == 0 || !strings.Contains(at[0], "waits_test.go") {
						t.Errorf("it is shown at %q", at)
					}
					tg.Cancel("seen")
					return nil
				})
				testkit.WantNil(t, c.what, err)
			})
		})
	}
}
