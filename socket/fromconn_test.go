package socket_test

import (
	"context"
	"io"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
)

// An undatable is a net.Conn without deadlines.
type undatable struct{ net.Conn }

func (undatable) SetDeadline(time.Time) error      { return os.ErrNoDeadline }
func (undatable) SetReadDeadline(time.Time) error  { return os.ErrNoDeadline }
func (undatable) SetWriteDeadline(time.Time) error { return os.ErrNoDeadline }

// What a canceled Send leaves behind is what it was given, though the caller has used
// the buffer for something else since.
func TestFromConnSendsWhatItWasGiven(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := net.Pipe()
		s := socket.FromConn(undatable{a})
		data := []byte("given")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error { return s.Send(ctx, data) })
			idle(t, ctx)
			h.Cancel("test")
			testkit.Must(t, h.Wait(ctx))
		})
		copy(data, "other")
		got, err := anyio.RunBlockingValue(ctx, func() (string, error) {
			buf := make([]byte, 5)
			_, err := io.ReadFull(b, buf)
			return string(buf), err
		})
		if testkit.Must(t, err); got != "given" {
			t.Errorf("%q was sent", got)
		}
		testkit.Must(t, s.Close(ctx))
		_ = b.Close()
	}, anyiotest.Skip("sim", "it is a connection of package net"))
}

// A resetting is a net.Conn that tells of a reset once, as systems do, when its read is
// interrupted.
type resetting struct {
	net.Conn
	interrupted chan struct{}
	reads       atomic.Int32
}

func (c *resetting) SetReadDeadline(at time.Time) error {
	if !at.IsZero() {
		close(c.interrupted)
	}
	return nil
}

func (c *resetting) Read([]byte) (int, error) {
	if c.reads.Add(1) > 1 {
		return 0, io.EOF
	}
	<-c.interrupted
	return 0, &net.OpError{Op: "read", Net: "tcp", Err: os.NewSyscallError("read", syscall.ECONNRESET)}
}

// A reset of which only a canceled call was told is told again.
func TestFromConnRemembersAReset(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := net.Pipe()
		s := socket.FromConn(&resetting{Conn: a, interrupted: make(chan struct{})})
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error {
				_, err := s.Receive(ctx, make([]byte, 1))
				testkit.WantErr(t, err, anyio.ErrCanceled)
				return err
			})
			idle(t, ctx)
			h.Cancel("test")
		})
		_, err := s.Receive(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrBroken)
		testkit.Must(t, s.Close(ctx))
		_ = b.Close()
	}, anyiotest.Skip("sim", "it is a connection of package net"))
}
