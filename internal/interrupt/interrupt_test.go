package interrupt_test

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/interrupt"
)

// TestMain looks for leaks after all tests.
func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

// A sluggish is read by calls that go on for some time after they were interrupted.
type sluggish struct {
	interrupted, resumed, release chan struct{}
}

func (s *sluggish) SetReadDeadline(at time.Time) error {
	if at.IsZero() {
		close(s.resumed)
	} else {
		close(s.interrupted)
	}
	return nil
}

func (s *sluggish) SetWriteDeadline(time.Time) error { return nil }
func (s *sluggish) Write(p []byte) (int, error)      { return len(p), nil }
func (s *sluggish) Close() error                     { return nil }

func (s *sluggish) Read(p []byte) (int, error) {
	<-s.release
	return copy(p, "data"), os.ErrDeadlineExceeded
}

// What a call has brought though it was interrupted is not lost, also if a Close comes
// before its end.
func TestInterruptedCallIsWaitedFor(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := &sluggish{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		d := &interrupt.Duplex{D: s, Ops: interrupt.Ops}
		var buf [8]byte
		n, err := 0, io.EOF
		group := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				n, err = d.Read(ctx, buf[:])
				return nil
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			h.Cancel("test")
			// On a loop its own task interrupts it, and waits again afterwards.
			if err := anyio.RunBlocking(ctx, func() error { <-s.interrupted; return nil }); err != nil {
				return err
			}
			_ = d.Close()
			select {
			case <-s.resumed:
				t.Error("the deadline was removed while the call went on")
			default:
			}
			close(s.release)
			return nil
		})
		if group != nil {
			t.Fatal(group)
		}
		if n != 4 || err != nil {
			t.Errorf("read %d, %v, want the data", n, err)
		}
		<-s.resumed
	}, anyiotest.Skip("sim", "its tasks do not wait for what is outside of it"))
}

// Who waits for the end of an interrupted call is about to go on.
func TestInterruptedCallCountsAsRunning(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := &sluggish{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		d := &interrupt.Duplex{D: s, Ops: interrupt.Ops}
		n := 0
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) (err error) {
				n, err = d.Read(ctx, make([]byte, 8))
				return err
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			go func() {
				<-s.interrupted
				for range 1000 {
					runtime.Gosched()
				}
				close(s.release)
			}()
			h.Cancel("test")
			err := anyio.WaitAllTasksBlocked(ctx)
			if n != 4 {
				t.Errorf("all tasks are blocked, and the call goes on")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}, anyiotest.Skip("sim", "its tasks do not wait for what is outside of it"))
}

// A call that is not made interrupts nothing.
func TestCanceledCallIsNotMade(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s := &sluggish{make(chan struct{}), make(chan struct{}), make(chan struct{})}
		d := &interrupt.Duplex{D: s, Ops: interrupt.Ops}
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			if n, err := d.Read(ctx, make([]byte, 8)); n != 0 || !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("read %d, %v, want a cancellation", n, err)
			}
			return nil
		})
		select {
		case <-s.interrupted:
			t.Error("it was interrupted")
		default:
		}
	})
}
