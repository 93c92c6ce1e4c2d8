package offload_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
	"github.com/anyio-go/anyio/sim"
)

// TestMain looks for leaks after all tests.
func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

var opTest = kernel.RegisterOp("Test.Call")

// run runs a test where calls are not steps.
func run(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	anyiotest.Run(t, f, anyiotest.Skip("sim", "its steps cannot be left"))
}

// leave makes a call and cancels it while it goes on.
func leave[T any](t *testing.T, ctx context.Context, call func(p kernel.Place) (T, error)) (v T) {
	t.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		h := tg.Go(func(ctx context.Context) (err error) {
			v, err = call(kernel.Locate(ctx))
			if !errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("got %v, %v, want a cancellation", v, err)
			}
			return err
		})
		err := anyio.WaitAllTasksBlocked(ctx)
		h.Cancel("test")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// A slow function returns what is sent to it.
type slow chan int

func (s slow) call() (int, error) { return <-s, nil }

func never() (int, error) { return 0, errors.New("it was called") }

func TestWhatACallBringsAfterItsCallerHasLeftIsTheNextOnes(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		var c offload.Call[int]
		s := make(slow)
		for i := range 3 {
			leave(t, ctx, func(p kernel.Place) (int, error) { return c.Do(p, opTest, s.call) })
			leave(t, ctx, func(p kernel.Place) (int, error) { return c.Do(p, opTest, never) })
			s <- i
			if v, err := c.Do(kernel.Locate(ctx), opTest, never); v != i || err != nil {
				t.Errorf("got %d, %v, want %d", v, err, i)
			}
		}
		if v, err := c.DoNext(kernel.Locate(ctx), opTest, func() (int, error) { return 7, nil }); v != 7 || err != nil {
			t.Errorf("got %d, %v, want 7", v, err)
		}
	})
}

func TestClosedCallsDropWhatNobodyTakes(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		for name, before := range map[string]bool{"the end comes before the close": true, "and after it": false} {
			dropped := make(chan int, 2)
			c := offload.Call[int]{Drop: func(v int) { dropped <- v }}
			s, ended := make(slow), make(chan struct{})
			leave(t, ctx, func(p kernel.Place) (int, error) {
				return c.Do(p, opTest, func() (int, error) {
					defer close(ended)
					return s.call()
				})
			})
			if before {
				s <- 5
				<-ended
			}
			if !c.Close() || c.Close() {
				t.Error("not only the first Close was the first")
			}
			if _, err := c.Do(kernel.Locate(ctx), opTest, never); err != net.ErrClosed {
				t.Errorf("%s: got %v, want net.ErrClosed", name, err)
			}
			if !before {
				s <- 5
			}
			if v := <-dropped; v != 5 || len(dropped) > 0 {
				t.Errorf("%s: %d was dropped", name, v)
			}
		}
	})
}

func TestCloseIsTheErrorOfWhoWaits(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		var c offload.Call[int]
		s := make(slow)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				if _, err := c.Do(kernel.Locate(ctx), opTest, s.call); err != net.ErrClosed {
					t.Errorf("got %v, want net.ErrClosed", err)
				}
				return nil
			})
			err := anyio.WaitAllTasksBlocked(ctx)
			if _, err := c.Do(kernel.Locate(ctx), opTest, never); err != offload.ErrBusy {
				t.Errorf("a second caller got %v, want ErrBusy", err)
			}
			c.Close()
			tg.Cancel("after the close")
			return err
		})
		if err != nil {
			t.Error(err)
		}
		close(s)
	})
}

// A call that fails because its caller is canceled must not hide that.
func TestFailureAfterACancellationIsTheCancellation(t *testing.T) {
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), sim.New(sim.Config{Seed: 1})} {
		for range 50 {
			outer, cancel := context.WithCancel(context.Background())
			_ = anyio.Run(outer, func(ctx context.Context) error {
				c := offload.Call[int]{Step: true}
				_, err := c.Do(kernel.Locate(ctx), opTest, func() (int, error) {
					cancel()
					return 0, io.ErrUnexpectedEOF
				})
				if !errors.Is(err, anyio.ErrCanceled) {
					t.Errorf("%s: got %v, want a cancellation", on.Name(), err)
				}
				return err
			}, anyio.On(on))
		}
	}
}

func TestHowACallHasEnded(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		var c offload.Call[int]
		p := kernel.Locate(ctx)
		if _, err := c.Do(p, opTest, func() (int, error) { runtime.Goexit(); return 1, nil }); err != offload.ErrExited {
			t.Errorf("an exit: got %v, want ErrExited", err)
		}
		func() {
			defer func() {
				pe, ok := recover().(*anyio.PanicError)
				if !ok || pe.Value != "ouch" || pe.Task != "Test.Call" || len(pe.Stack) == 0 {
					t.Errorf("got %v, want the panic", pe)
				}
			}()
			_, err := c.Do(p, opTest, func() (int, error) { panic("ouch") })
			t.Errorf("a panic: got %v", err)
		}()
		wrong := errors.New("wrong")
		if v, err := c.Do(p, opTest, func() (int, error) { return 3, wrong }); v != 3 || err != wrong {
			t.Errorf("got %d, %v, want 3 and the error", v, err)
		}
	})
}

// A gate is a writer that waits until it is opened.
type gate struct {
	bytes.Buffer
	open chan struct{}
}

func (g *gate) Write(p []byte) (int, error) {
	<-g.open
	return g.Buffer.Write(p)
}

func TestCanceledWriteTellsHowMuchIsWrittenInTheEnd(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		g := &gate{open: make(chan struct{})}
		w := offload.NewWriter(g, nil)
		data := bytes.Repeat([]byte("0123456789abcdef"), 10_000)
		n := leave(t, ctx, func(p kernel.Place) (int, error) { return w.Write(p, opTest, data) })
		if n == 0 || n >= len(data) {
			t.Fatalf("%d of %d bytes", n, len(data))
		}
		if k := leave(t, ctx, func(p kernel.Place) (int, error) { return w.Write(p, opTest, data[n:]) }); k != 0 {
			t.Errorf("one that waited for another has written %d", k)
		}
		close(g.open)
		if k, err := w.Write(kernel.Locate(ctx), opTest, data[n:]); k != len(data)-n || err != nil {
			t.Errorf("wrote %d, %v, want the rest", k, err)
		}
		if !bytes.Equal(g.Bytes(), data) {
			t.Error("other bytes were written")
		}
	})
}

// A dataErr is a reader whose error comes with its data.
type dataErr struct{ err error }

func (r dataErr) Read(p []byte) (int, error) { return copy(p, "data"), r.err }

func TestErrorThatComesWithDataComesAfterIt(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r := offload.NewReader(dataErr{io.ErrUnexpectedEOF}, func(err error) error { return errors.Join(err, os.ErrInvalid) })
		r.Step = true
		p, buf := kernel.Locate(ctx), make([]byte, 8)
		if n, err := r.Read(p, opTest, buf); string(buf[:n]) != "data" || err != nil {
			t.Errorf("read %q, %v, want the data", buf[:n], err)
		}
		if n, err := r.Read(p, opTest, buf); n != 0 || !errors.Is(err, io.ErrUnexpectedEOF) || !errors.Is(err, os.ErrInvalid) {
			t.Errorf("read %d, %v, want the translated error", n, err)
		}
	})
}
