package stream_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A plain hides what a stream has beyond a ByteStream, and wraps its end in another error.
type plain struct{ s stream.ByteStream }

func (p plain) Receive(ctx context.Context, buf []byte) (int, error) {
	n, err := p.s.Receive(ctx, buf)
	if err != nil {
		err = fmt.Errorf("plain: %w", err)
	}
	return n, err
}
func (p plain) Send(ctx context.Context, data []byte) error { return p.s.Send(ctx, data) }
func (p plain) SendEOF(ctx context.Context) error           { return p.s.SendEOF(ctx) }
func (p plain) Close(ctx context.Context) error             { return p.s.Close(ctx) }

func TestReaderTellsTheEndAsReadersDo(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(10)
		r := stream.Reader(ctx, plain{a})
		if n, err := r.Read(nil); n != 0 || err != nil {
			t.Errorf("reading nothing: %d, %v", n, err)
		}
		testkit.WantErr(t, b.Send(ctx, []byte("rest")), nil)
		canceled(t, ctx, func(ctx context.Context) error {
			_, err := stream.Reader(ctx, plain{a}).Read(make([]byte, 1))
			return err
		})
		testkit.WantErr(t, b.Close(ctx), nil)
		if all, err := io.ReadAll(r); string(all) != "rest" || err != nil {
			t.Errorf("read %q, %v", all, err)
		}
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("at the end: %v, want io.EOF itself", err)
		}
		testkit.WantErr(t, a.Close(ctx), nil)
	})
}

func TestWriterCloseEndsTheSendingOnly(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(10)
		w := stream.Writer(ctx, a)
		if n, err := io.WriteString(w, "out"); n != 3 || err != nil {
			t.Errorf("wrote %d, %v", n, err)
		}
		testkit.WantErr(t, w.Close(), nil)
		got, err := receiveAll(ctx, b, 10)
		if string(got) != "out" || err != nil {
			t.Errorf("received %q, %v", got, err)
		}
		testkit.WantErr(t, b.Send(ctx, []byte("in")), nil)
		wantReceived(t, ctx, a, 10, "in")
		testkit.WantErr(t, a.Close(ctx), nil)
		testkit.WantErr(t, b.Close(ctx), nil)

		r, pw := io.Pipe()
		testkit.WantErr(t, stream.Writer(ctx, stream.FromWriter(pw)).Close(), nil)
		if _, err := r.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("a stream that only sends was not closed: %v", err)
		}
	})
}

func TestWriterTellsHowMuchWasSent(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct {
			of   func(s stream.ByteStream) stream.ByteStream
			want int
		}{
			{func(s stream.ByteStream) stream.ByteStream { return s }, 2},
			{func(s stream.ByteStream) stream.ByteStream { return plain{s} }, 0}, // it cannot tell
		} {
			a, b := stream.Pipe(0)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					n, err := stream.Writer(ctx, c.of(a)).Write([]byte("abcd"))
					testkit.WantErr(t, err, anyio.ErrBroken)
					if n != c.want {
						t.Errorf("Write tells %d bytes, want %d", n, c.want)
					}
					return nil
				})
				wantReceived(t, ctx, b, 2, "ab")
				testkit.WantErr(t, b.Close(ctx), nil)
			})
			testkit.WantErr(t, a.Close(ctx), nil)
		}
		path := fileWith(t, nil)
		w, err := stream.CreateFile(ctx, path)
		testkit.WantErr(t, err, nil)
		if n, err := stream.Writer(ctx, w).Write([]byte("to a file")); n != 9 || err != nil {
			t.Errorf("wrote %d bytes, %v", n, err)
		}
		testkit.WantErr(t, w.Close(ctx), nil)
		wantContent(t, path, "to a file")
	})
}

// If nobody knows what was sent, a Write that a deadline ended is not made again.
func TestNetConnOverAStreamThatCannotCount(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(0)
		conn := stream.NetConn(ctx, plain{a})
		if n, err := conn.Read(nil); n != 0 || err != nil {
			t.Errorf("reading nothing: %d, %v", n, err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				n, err := conn.Write([]byte("abcd"))
				wantTimeout(t, err)
				if n != 0 {
					t.Errorf("Write tells %d bytes, want 0", n)
				}
				return nil
			})
			wantReceived(t, ctx, b, 2, "ab")
			testkit.WantErr(t, conn.SetWriteDeadline(anyio.Now(ctx)), nil)
		})
		testkit.WantErr(t, conn.Close(), nil)
		testkit.WantErr(t, b.Close(ctx), nil)
	})
}

func TestBridgesPassAttributesOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(0)
		conn := stream.NetConn(ctx, withAddrs{a})
		again := stream.FromReadWriteCloser(conn)
		for _, bridge := range []any{conn, again, stream.NetConn(ctx, again)} {
			addr, err := attr.Get(bridge, stream.AttrLocalAddr)
			if err != nil || addr.String() != "127.0.0.1:80" {
				t.Errorf("%T: address %v, %v", bridge, addr, err)
			}
		}
		l := listenerWithAddr{stream.NewPipeListener(0)}
		nl := stream.NetListener(ctx, l)
		addr, err := attr.Get(nl, stream.AttrLocalAddr)
		if err != nil || addr != nl.Addr() {
			t.Errorf("listener: address %v, %v, want %v", addr, err, nl.Addr())
		}
		testkit.WantErr(t, errors.Join(nl.Close(), again.Close(ctx), b.Close(ctx)), nil)
	})
}

type listenerWithAddr struct{ *stream.PipeListener }

var somewhere net.Addr = &net.UnixAddr{Name: "/listener", Net: "unix"}

func (listenerWithAddr) Attributes() attr.Set {
	return attr.NewSet(stream.AttrLocalAddr.Value(somewhere))
}

func TestFromReadWriteCloserEndComesAfterAnAbandonedWrite(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w := io.Pipe()
		s := stream.FromReadWriteCloser(halfCloser{&halves{ReadCloser: io.NopCloser(errReader{}), w: w}})
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error { return s.Send(ctx, []byte("first")) })
			idle(t, ctx)
			h.Cancel("test")
			return nil
		})
		testkit.WantErr(t, err, nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(s.SendEOF)
			got, err := anyio.RunBlockingValue(ctx, func() ([]byte, error) { return io.ReadAll(r) })
			if string(got) != "first" || err != nil {
				t.Errorf("read %q, %v", got, err)
			}
		})
		testkit.WantErr(t, s.Close(ctx), nil)
	}, anyiotest.Skip("sim", blocksForReal))
}

type errReader struct{}

func (errReader) Read([]byte) (int, error) { return 0, os.ErrInvalid }
