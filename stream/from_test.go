package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

const blocksForReal = "a call that blocks for real is one step of a simulation, which never ends"

func TestFromReaderDeliversAllAndTheEnd(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		want := pattern(200_000)
		for _, r := range []io.Reader{
			bytes.NewReader(want),
			iotest.DataErrReader(bytes.NewReader(want)),
			iotest.HalfReader(bytes.NewReader(want)),
		} {
			s := stream.FromReader(r)
			got, err := receiveAll(ctx, s, 70_000)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("received %d bytes, %v, want the %d of the reader", len(got), err, len(want))
			}
			testkit.WantErr(t, s.Close(ctx), nil)
			_, err = s.Receive(ctx, make([]byte, 1))
			testkit.WantErr(t, err, anyio.ErrClosed)
			testkit.WantErr(t, s.Close(ctx), nil)
		}
	})
}

func TestFromReaderTakesNoMoreThanAskedFor(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r := strings.NewReader("head and body")
		s := stream.FromReader(r)
		wantReceived(t, ctx, s, 4, "head")
		if r.Len() != len(" and body") {
			t.Errorf("%d bytes are left in the reader", r.Len())
		}
		testkit.WantErr(t, s.Close(ctx), nil)
	})
}

func TestFromReaderCanceledReceiveKeepsItsData(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w := io.Pipe()
		s := stream.FromReader(r)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var scope *anyio.CancelScope
			tg.Go(func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, own *anyio.CancelScope) error {
					scope = own
					_, err := s.Receive(ctx, make([]byte, 10))
					testkit.WantErr(t, err, anyio.ErrCanceled)
					return err
				})
			})
			idle(t, ctx)
			scope.Cancel("test")
		})
		// The Read that was left alone gets this.
		_, err := anyio.RunBlockingValue(ctx, func() (int, error) { return io.WriteString(w, "kept") })
		testkit.WantErr(t, err, nil)
		wantReceived(t, ctx, s, 2, "ke")
		wantReceived(t, ctx, s, 10, "pt")
		testkit.WantErr(t, s.Close(ctx), nil)
	}, anyiotest.Skip("sim", blocksForReal))
}

func TestFromReaderCloseWakesTheReceiverAndClosesTheReader(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w := io.Pipe()
		s := stream.FromReader(r)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := s.Receive(ctx, make([]byte, 1))
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			var busy *anyio.BusyError
			if _, err := s.Receive(ctx, make([]byte, 1)); !errors.As(err, &busy) {
				t.Errorf("the second receiver got %v, want a BusyError", err)
			}
			canceled(t, ctx, func(ctx context.Context) error {
				testkit.WantErr(t, s.Close(ctx), nil)
				return context.Cause(ctx)
			})
		})
		_, err := w.Write([]byte("x"))
		testkit.WantErr(t, err, io.ErrClosedPipe)
	}, anyiotest.Skip("sim", blocksForReal))
}

func TestFromReaderErrors(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		wrong := errors.New("wrong")
		receive := func(r io.Reader) error {
			s := stream.FromReader(r)
			defer s.Close(ctx)
			_, err := s.Receive(ctx, make([]byte, 10))
			return err
		}
		err := receive(iotest.ErrReader(wrong))
		testkit.WantErr(t, err, anyio.ErrBroken)
		testkit.WantErr(t, err, wrong)
		testkit.WantErr(t, receive(iotest.ErrReader(os.ErrClosed)), anyio.ErrClosed)
		testkit.WantErr(t, receive(readerFunc(func([]byte) (int, error) { return 0, nil })), io.ErrNoProgress)
		var misuse *anyio.MisuseError
		if _, err := stream.FromReader(strings.NewReader("x")).Receive(ctx, nil); !errors.As(err, &misuse) {
			t.Errorf("an empty buffer: %v", err)
		}
		defer func() {
			if pe, ok := recover().(*anyio.PanicError); !ok || pe.Value != "ouch" {
				t.Error("the panic of Read was not raised in Receive")
			}
		}()
		t.Error(receive(readerFunc(func([]byte) (int, error) { panic("ouch") })))
	})
}

func TestFromReaderPanicOfAnAbandonedReadIsRaisedOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		began, proceed, panicked := make(chan struct{}), make(chan struct{}), false
		s := stream.FromReader(readerFunc(func(p []byte) (int, error) {
			if panicked {
				return copy(p, "after"), nil
			}
			panicked = true
			close(began)
			<-proceed
			panic("ouch")
		}))
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				_, err := s.Receive(ctx, make([]byte, 10))
				return err
			})
			idle(t, ctx)
			<-began
			h.Cancel("test")
			return nil
		})
		testkit.WantErr(t, err, nil)
		close(proceed)
		func() {
			defer func() {
				if pe, ok := recover().(*anyio.PanicError); !ok || pe.Value != "ouch" {
					t.Error("the panic of the Read that was left alone was not raised")
				}
			}()
			n, err := s.Receive(ctx, make([]byte, 10))
			t.Errorf("received %d bytes, %v", n, err)
		}()
		wantReceived(t, ctx, s, 10, "after")
		testkit.WantErr(t, s.Close(ctx), nil)
	}, anyiotest.Skip("sim", blocksForReal))
}

type readerFunc func(p []byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// A shortWriter writes three bytes at once and tells no error.
type shortWriter struct{ bytes.Buffer }

func (w *shortWriter) Write(p []byte) (int, error) { return w.Buffer.Write(p[:min(3, len(p))]) }

func TestFromWriterWritesAll(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		want := pattern(100_000)
		over := stream.FromWriter(writerFunc(func([]byte) (int, error) { return 0, io.EOF }))
		testkit.WantErr(t, over.Send(ctx, want), anyio.ErrBroken)
		testkit.WantErr(t, over.Close(ctx), nil)
		var w shortWriter
		s := stream.FromWriter(&w)
		testkit.WantErr(t, s.Send(ctx, want), nil)
		testkit.WantErr(t, s.Send(ctx, nil), nil)
		canceled(t, ctx, func(ctx context.Context) error { return s.Send(ctx, want) })
		if !bytes.Equal(w.Bytes(), want) {
			t.Errorf("%d bytes were written, want the %d sent", w.Len(), len(want))
		}
		testkit.WantErr(t, s.Close(ctx), nil)
		testkit.WantErr(t, s.Send(ctx, want), anyio.ErrClosed)
	})
}

func TestFromWriterCanceledSendLeavesItsWriteAlone(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w := io.Pipe()
		s := stream.FromWriter(w)
		data := []byte("first,")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var scope *anyio.CancelScope
			tg.Go(func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, own *anyio.CancelScope) error {
					scope = own
					err := s.Send(ctx, data)
					testkit.WantErr(t, err, anyio.ErrCanceled)
					return err
				})
			})
			idle(t, ctx)
			scope.Cancel("test")
		})
		copy(data, "######") // the Write has a copy
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				defer s.Close(ctx)
				return s.Send(ctx, []byte("second"))
			})
			got, err := anyio.RunBlockingValue(ctx, func() ([]byte, error) { return io.ReadAll(r) })
			if string(got) != "first,second" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
		})
	}, anyiotest.Skip("sim", blocksForReal))
}

func TestFromWriterFailureOfAnAbandonedWriteIsTold(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		wrong := errors.New("wrong")
		r, w := io.Pipe()
		s := stream.FromWriter(w)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var scope *anyio.CancelScope
			tg.Go(func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, own *anyio.CancelScope) error {
					scope = own
					return s.Send(ctx, []byte("lost"))
				})
			})
			idle(t, ctx)
			scope.Cancel("test")
		})
		testkit.WantErr(t, r.CloseWithError(wrong), nil)
		err := s.Send(ctx, []byte("next"))
		testkit.WantErr(t, err, anyio.ErrBroken)
		testkit.WantErr(t, err, wrong)
		testkit.WantErr(t, s.Close(ctx), nil)
	}, anyiotest.Skip("sim", blocksForReal))
}

// A halves is an io.ReadWriteCloser of two pipes.
type halves struct {
	io.ReadCloser
	w io.WriteCloser
}

func (h *halves) Write(p []byte) (int, error) { return h.w.Write(p) }
func (h *halves) Close() error                { return errors.Join(h.ReadCloser.Close(), h.w.Close()) }

type halfCloser struct{ *halves }

func (h halfCloser) CloseWrite() error { return h.w.Close() }

func TestFromReadWriteCloserCarriesBothWays(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r1, w1 := io.Pipe()
		r2, w2 := io.Pipe()
		a := stream.FromReadWriteCloser(halfCloser{&halves{ReadCloser: r1, w: w2}})
		b := stream.FromReadWriteCloser(halfCloser{&halves{ReadCloser: r2, w: w1}})
		want := pattern(100_000)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				got, err := receiveAll(ctx, b, 1000)
				if err != nil {
					return err
				}
				return errors.Join(b.Send(ctx, got), b.SendEOF(ctx))
			})
			tg.Go(func(ctx context.Context) error { return errors.Join(a.Send(ctx, want), a.SendEOF(ctx)) })
			got, err := receiveAll(ctx, a, 5000)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("received %d bytes, %v, want the %d sent", len(got), err, len(want))
			}
		})
		testkit.WantErr(t, a.SendEOF(ctx), nil)
		testkit.WantErr(t, a.Send(ctx, want), anyio.ErrClosed)
		testkit.WantErr(t, a.Close(ctx), nil)
		testkit.WantErr(t, a.SendEOF(ctx), anyio.ErrClosed)
		testkit.WantErr(t, b.Close(ctx), nil)
		testkit.WantErr(t, b.Close(ctx), nil)
	}, anyiotest.Skip("sim", blocksForReal))
}

func TestFromReadWriteCloserWithoutHalfClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var w bytes.Buffer
		s := stream.FromReadWriteCloser(&halves{ReadCloser: io.NopCloser(strings.NewReader("in")), w: nopCloser{&w}})
		testkit.WantErr(t, s.SendEOF(ctx), errors.ErrUnsupported)
		testkit.WantErr(t, s.Send(ctx, []byte("out")), nil)
		wantReceived(t, ctx, s, 10, "in")
		if w.String() != "out" {
			t.Errorf("%q was written", w.String())
		}
		testkit.WantErr(t, s.Close(ctx), nil)
	})
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
