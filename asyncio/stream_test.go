package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// echoLines answers each line with itself.
func echoLines(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
	defer w.Close()
	for line, err := range r.Lines(ctx) {
		if err != nil {
			return err
		}
		if _, err := w.Write(line); err != nil {
			return err
		}
		if err := w.Drain(ctx); err != nil {
			return err
		}
	}
	return nil
}

// A pipe of streams, by TCP and by UNIX sockets.
type streamPair func(t *testing.T, ctx context.Context, h asyncio.StreamHandler) (*asyncio.Server, *asyncio.StreamReader, *asyncio.StreamWriter)

var streamPairs = map[string]streamPair{
	"tcp": func(t *testing.T, ctx context.Context, h asyncio.StreamHandler) (*asyncio.Server, *asyncio.StreamReader, *asyncio.StreamWriter) {
		s, err := asyncio.StartServer(ctx, h, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 0)
		testkit.Must(t, err)
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(s)}, 0)
		testkit.Must(t, err)
		return s, r, w
	},
	"unix": func(t *testing.T, ctx context.Context, h asyncio.StreamHandler) (*asyncio.Server, *asyncio.StreamReader, *asyncio.StreamWriter) {
		path := socketPath(t)
		s, err := asyncio.StartUnixServer(ctx, h, asyncio.UnixServerOptions{Path: path}, 0)
		testkit.Must(t, err)
		r, w, err := asyncio.OpenUnixConnection(ctx, asyncio.UnixConnectionOptions{Path: path}, 0)
		testkit.Must(t, err)
		return s, r, w
	},
}

func onStreams(t *testing.T, h asyncio.StreamHandler, f func(t *testing.T, ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter)) {
	for name, pair := range streamPairs {
		t.Run(name, func(t *testing.T) {
			onLoops(t, func(t *testing.T, ctx context.Context) {
				s, r, w := pair(t, ctx, h)
				f(t, ctx, r, w)
				w.Close()
				s.Close()
				testkit.WantNil(t, "server", s.WaitClosed(ctx))
			})
		})
	}
}

func TestStreamsCarryLinesAndTheEnd(t *testing.T) {
	onStreams(t, echoLines, func(t *testing.T, ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) {
		if w.ExtraInfo("peername") == nil || w.ExtraInfo("nothing") != nil || !w.CanWriteEOF() || w.IsClosing() {
			t.Error("the writer is wrong about itself")
		}
		testkit.WantNil(t, "WriteLines", w.WriteLines([][]byte{[]byte("one\n"), []byte("two\n")}))
		testkit.WantNil(t, "Drain", w.Drain(ctx))
		for _, want := range []string{"one\n", "two\n"} {
			got, err := r.ReadLine(ctx)
			wantData(t, "line", got, err, want)
		}
		w.WriteEOF()
		if _, err := r.ReadLine(ctx); err != io.EOF {
			t.Error(err)
		}
		w.Close()
		testkit.WantNil(t, "WaitClosed", w.WaitClosed(ctx))
		if !w.IsClosing() {
			t.Error("it is not closing")
		}
		testkit.WantIs(t, "Drain", w.Drain(ctx), syscall.ECONNRESET)
	})
}

func TestDrainWaitsForTheOtherSide(t *testing.T) {
	const size = 8 << 20
	slow := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		defer w.Close()
		if _, err := r.ReadExactly(ctx, 1); err != nil {
			return err
		}
		if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
			return err
		}
		all, err := r.ReadAll(ctx)
		if err != nil {
			return err
		}
		if len(all) != size {
			return errors.New("bytes were lost")
		}
		_, err = w.Write([]byte("got it"))
		return err
	}
	onStreams(t, slow, func(t *testing.T, ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) {
		_, _ = w.Write([]byte{1})
		_, _ = w.Write(bytes.Repeat([]byte("x"), size))
		if w.Transport().WriteBufferSize() == 0 {
			t.Error("nothing is buffered")
		}
		drained := asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) { return 0, w.Drain(ctx) })
		turns(t, ctx, 1)
		if drained.Done() {
			t.Error("it has not waited")
		}
		_, err := drained.Await(ctx)
		low, _ := w.Transport().WriteBufferLimits()
		if n := w.Transport().WriteBufferSize(); err != nil || n > low {
			t.Errorf("%v, %d bytes are left", err, n)
		}
		w.WriteEOF()
		got, err := r.ReadAll(ctx)
		wantData(t, "answer", got, err, "got it")
	})
}

func TestErrorOfAHandlerClosesItsConnection(t *testing.T) {
	fails := func(context.Context, *asyncio.StreamReader, *asyncio.StreamWriter) error { return testkit.ErrBoom }
	onLoops(t, func(t *testing.T, ctx context.Context) {
		var told []error
		loopOf(t, ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = append(told, c.Err) })
		s, r, w := streamPairs["tcp"](t, ctx, fails)
		if _, err := r.Read(ctx, 1); err != io.EOF {
			t.Error(err)
		}
		if len(told) != 1 || told[0] != testkit.ErrBoom {
			t.Errorf("told %v", told)
		}
		w.Close()
		testkit.WantNil(t, "WaitClosed", w.WaitClosed(ctx))
		s.Close()
	})
}

func TestResetIsTheErrorOfBothHalves(t *testing.T) {
	abort := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		_, err := r.ReadExactly(ctx, 1)
		w.Transport().Abort()
		return err
	}
	onLoops(t, func(t *testing.T, ctx context.Context) {
		s, r, w := streamPairs["tcp"](t, ctx, abort)
		_, _ = w.Write([]byte("x"))
		_, err := r.ReadAll(ctx)
		if err != nil { // whether an abort resets the connection is the system's affair
			testkit.WantIs(t, "ReadAll", err, syscall.ECONNRESET)
			testkit.WantIs(t, "Drain", w.Drain(ctx), syscall.ECONNRESET)
		}
		w.Close()
		_ = w.WaitClosed(ctx)
		s.Close()
	})
}

func TestReaderThatHasTooMuchPausesItsTransport(t *testing.T) {
	paused := make(chan bool, 1)
	h := func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
		defer w.Close()
		if err := r.SetTransport(w.Transport()); !isMisuse(err) { // it has one
			t.Errorf("SetTransport: %v", err)
		}
		for w.Transport().IsReading() { // nobody reads
			if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
				return err
			}
		}
		paused <- true
		_, err := r.ReadAll(ctx)
		return err
	}
	onStreams(t, h, func(t *testing.T, ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) {
		_, _ = w.Write(bytes.Repeat([]byte("x"), 4*asyncio.DefaultLimit))
		w.WriteEOF()
		got, err := r.ReadAll(ctx)
		wantData(t, "end", got, err, "")
		if !<-paused {
			t.Error("it was not paused")
		}
	})
}
