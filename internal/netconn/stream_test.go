package netconn_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestStreamCarriesDataBothWaysAndEnds(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		send(t, ctx, a, "ping")
		readAll(t, ctx, b, "ping")
		testkit.Must(t, a.CloseWrite())
		if n, err := b.Read(ctx, make([]byte, 8)); n != 0 || err != io.EOF {
			t.Errorf("read %d, %v at the end, want io.EOF", n, err)
		}
		send(t, ctx, b, "still open")
		readAll(t, ctx, a, "still open")
		if a.LocalAddr() != b.RemoteAddr() || !a.LocalAddr().IP.IsValid() {
			t.Errorf("addresses %v and %v", a.LocalAddr(), b.RemoteAddr())
		}
	})
}

func TestCanceledReadLosesNothingAndLeavesNoDeadline(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		for range 3 {
			canceledWhileBlocked(t, ctx, func(ctx context.Context) error {
				_, err := a.Read(ctx, make([]byte, 8))
				return err
			})
			send(t, ctx, b, "hello")
			readAll(t, ctx, a, "hello")
		}
	})
}

// A peer that does not read makes the writer wait.
func TestCanceledWriteTellsHowMuchAndLeavesNoDeadline(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		data, n := bytes.Repeat([]byte("0123456789abcdef"), 1<<21), 0
		buf, got := make([]byte, 1<<16), 0
		canceledWhileBlocked(t, ctx, func(ctx context.Context) (err error) {
			n, err = a.Write(ctx, data)
			return err
		}, func(ctx context.Context) {
			var err error
			got, err = b.Read(ctx, buf)
			testkit.Must(t, err)
		})
		if n == 0 || n >= len(data) {
			t.Fatalf("wrote %d of %d bytes", n, len(data))
		}
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if _, err := a.Write(ctx, data[n:]); err != nil {
					return err
				}
				return a.CloseWrite()
			})
			for {
				k, err := b.Read(ctx, buf)
				if !bytes.Equal(buf[:k], data[got:got+k]) {
					t.Fatalf("the bytes from %d on are others", got)
				}
				got += k
				if err == io.EOF {
					break
				}
				testkit.Must(t, err)
			}
			if got != len(data) {
				t.Errorf("%d bytes arrived, want %d", got, len(data))
			}
			return nil
		}))
	})
}

func TestCanceledScopeMakesCallsWithoutEffect(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		send(t, ctx, b, "kept")
		testkit.Must(t, anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			if n, err := a.Read(ctx, make([]byte, 8)); n != 0 || !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("read %d, %v", n, err)
			}
			if n, err := a.Write(ctx, []byte("lost")); n != 0 || !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("wrote %d, %v", n, err)
			}
			return nil
		}))
		readAll(t, ctx, a, "kept")
		testkit.Must(t, a.CloseWrite())
		if n, err := b.Read(ctx, make([]byte, 8)); n != 0 || err != io.EOF {
			t.Errorf("read %d, %v, want nothing and io.EOF", n, err)
		}
	})
}

func TestDeadlineOfAScopeEndsARead(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		err := anyio.FailAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			_, err := a.Read(ctx, make([]byte, 8))
			return err
		})
		if !errors.Is(err, anyio.ErrTimeout) {
			t.Errorf("got %v, want ErrTimeout", err)
		}
		send(t, ctx, b, "later")
		readAll(t, ctx, a, "later")
	})
}

func TestShieldKeepsARead(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return anyio.Shielded(ctx, time.Hour, func(ctx context.Context) error {
					readAll(t, ctx, a, "saved")
					return nil
				})
			})
			testkit.Must(t, anyio.WaitAllTasksBlocked(ctx))
			tg.Cancel("test")
			return anyio.Shielded(ctx, time.Hour, func(ctx context.Context) error {
				send(t, ctx, b, "saved")
				return nil
			})
		}))
	})
}

func TestForeignContextEndsARead(t *testing.T) {
	a, b := tcpPair(t, context.Background())
	for range 100 {
		ctx, cancel := context.WithCancel(context.Background())
		go cancel()
		n, err := a.Read(ctx, make([]byte, 8))
		if n != 0 || !errors.Is(err, context.Canceled) {
			t.Fatalf("read %d, %v", n, err)
		}
	}
	send(t, context.Background(), b, "hello")
	readAll(t, context.Background(), a, "hello")
}

func TestContextDerivedFromOursEndsARead(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		derived, cancel := context.WithTimeout(ctx, time.Millisecond)
		defer cancel()
		if _, err := a.Read(derived, make([]byte, 8)); !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("got %v", err)
		}
		send(t, ctx, b, "hello")
		readAll(t, ctx, a, "hello")
	})
}

func TestCloseWakesReaderAndWriter(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		wokenByClose(t, ctx, a, func(ctx context.Context) error {
			_, err := a.Read(ctx, make([]byte, 8))
			return err
		})
		testkit.Must(t, a.Close()) // again
		if _, err := a.Read(ctx, make([]byte, 8)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read after Close: %v", err)
		}
		_ = b.Close()
		c, _ := tcpPair(t, ctx)
		wokenByClose(t, ctx, c, func(ctx context.Context) error {
			_, err := c.Write(ctx, make([]byte, 64<<20))
			return err
		})
	})
}

func TestAbortResets(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		testkit.Must(t, a.Abort())
		if _, err := b.Read(ctx, make([]byte, 8)); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("got %v, want ECONNRESET", err)
		}
	})
}

// One who debugs sees what a task waits for.
func TestWaitsAreSeen(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				_, err := a.Read(ctx, make([]byte, 8))
				return err
			}, anyio.Name("reader"))
			testkit.Must(t, anyio.WaitAllTasksBlocked(ctx))
			var waits []string
			for _, v := range kernel.Locate(ctx).Run().Tasks() {
				if v.Task.Name() == "reader" {
					waits = append(waits, v.Op.String())
				}
			}
			if got := strings.Join(waits, ","); got != "TCP.Read" {
				t.Errorf("the reader waits for %q", got)
			}
			send(t, ctx, b, "enough")
			return nil
		}))
	})
}

// A goroutine that is no task may use the context of a loop: it blocks itself.
func TestGoroutineWithTheContextOfATask(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		a, b := tcpPair(t, ctx)
		testkit.Must(t, anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			var begun, done anyio.Event
			var err error
			go func() {
				begun.Set()
				_, err = a.Read(ctx, make([]byte, 8))
				done.Set()
			}()
			testkit.Must(t, begun.Wait(ctx))
			scope.Cancel("test")
			return anyio.Shielded(ctx, time.Hour, func(ctx context.Context) error {
				testkit.Must(t, done.Wait(ctx))
				if !errors.Is(err, anyio.ErrCanceled) {
					t.Errorf("got %v", err)
				}
				return nil
			})
		}))
		send(t, ctx, b, "hello")
		readAll(t, ctx, a, "hello")
	})
}
