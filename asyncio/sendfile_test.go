package asyncio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// pattern is n bytes, in no order that repeats soon.
func pattern(n int) []byte {
	var b bytes.Buffer
	for i := 0; b.Len() < n; i++ {
		fmt.Fprintf(&b, "%d,", i)
	}
	return b.Bytes()[:n]
}

// large is more than the buffers of a connection hold.
var large = pattern(6 << 20)

// sending tests with the protocol of a server's connection, plain and over TLS.
func sending(t *testing.T, f func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream)) {
	t.Helper()
	for _, encrypted := range []bool{false, true} {
		t.Run(map[bool]string{false: "plain", true: "tls"}[encrypted], func(t *testing.T) {
			onLoops(t, func(t *testing.T, ctx context.Context) {
				l := loopOf(t, ctx)
				p := newLogger(t, ctx)
				o := asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}
				server, client := configs()
				if encrypted {
					o.TLS = server
				}
				s := must[*asyncio.Server](t)(l.CreateServer(ctx, p.factory, o))
				defer s.Close()
				var peer stream.ByteStream = must[*socket.Stream](t)(socket.DialTCP(ctx, "127.0.0.1", portOf(s)))
				defer func() { _ = peer.Close(ctx) }()
				if encrypted {
					peer = must[*tlsstream.Stream](t)(tlsstream.Client(ctx, peer, client, nil))
				}
				until(t, ctx, func() bool { return p.tr != nil })
				f(t, ctx, l, p, peer)
				p.tr.Abort()
			})
		})
	}
}

// A sent is what SendFile has returned.
type sent struct {
	n   int64
	err error
}

// stuck begins to send a large file to a peer that does not read, and returns when no more
// goes.
func stuck(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger) (*asyncio.Task[struct{}], *sent) {
	t.Helper()
	s := &sent{}
	task := asyncio.CreateTask(ctx, func(ctx context.Context) (struct{}, error) {
		s.n, s.err = l.SendFile(ctx, p.tr, bytes.NewReader(large), 0, 0)
		return struct{}{}, s.err
	})
	until(t, ctx, func() bool { return p.paused })
	return task, s
}

func TestSendFileBetweenWrites(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	data := pattern(200_000)
	testkit.Must(t, os.WriteFile(path, data, 0o600))
	file := must[*os.File](t)(os.Open(path))
	defer file.Close()
	size := int64(len(data))
	sending(t, func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream) {
		got := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return receiveAll(ctx, peer) })
		var want bytes.Buffer
		for _, c := range []struct{ offset, count, n int64 }{
			{0, 0, size}, {10, 0, size - 10}, {10, 5, 5}, {0, size, size}, {0, 64 << 10, 64 << 10}, {1, 100_000, 100_000},
			{size - 5, 100, 5}, {size, 0, 0}, {size + 10, 3, 0}, {1<<63 - 1, 0, 0}, {1, 1<<63 - 1, size - 1},
		} {
			fmt.Fprintf(&want, "<%v", c)
			_, _ = fmt.Fprintf(p.tr, "<%v", c)
			if n, err := l.SendFile(ctx, p.tr, file, c.offset, c.count); n != c.n || err != nil {
				t.Errorf("%v: %d, %v", c, n, err)
			}
			if c.n > 0 {
				want.Write(data[c.offset : c.offset+c.n])
			}
			_, _ = p.tr.Write([]byte(">"))
			want.WriteString(">")
		}
		if n, err := l.SendFile(ctx, p.tr, strings.NewReader(""), 0, 0); n != 0 || err != nil {
			t.Errorf("an empty file: %d, %v", n, err)
		}
		p.tr.Close()
		if text, err := got.Await(ctx); text != want.String() || err != nil {
			t.Errorf("received %d bytes of %d, %v", len(text), want.Len(), err)
		}
		p.wantLost(ctx, nil)
	})
}

func TestWhileAFileIsSent(t *testing.T) {
	_, client := configs()
	sending(t, func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream) {
		task, s := stuck(t, ctx, l, p)
		testkit.Must(t, peer.Send(ctx, []byte("what is read later")))
		_, err := p.tr.Write([]byte("x"))
		testkit.WantMisuse(t, "Write", err)
		testkit.WantMisuse(t, "WriteLines", p.tr.WriteLines([][]byte{[]byte("x"), []byte("y")}))
		_, err = l.SendFile(ctx, p.tr, strings.NewReader("x"), 0, 0)
		testkit.WantMisuse(t, "SendFile", err)
		_, err = l.StartTLS(ctx, p.tr, client, asyncio.TLSOptions{})
		testkit.WantMisuse(t, "StartTLS", err)
		if p.tr.IsReading() || p.got.Len() > 0 || task.Done() {
			t.Errorf("reading %v, read %q, done %v", p.tr.IsReading(), p.got.String(), task.Done())
		}
		got := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return receiveAll(ctx, peer) })
		ended(t, ctx, task)
		if s.n != int64(len(large)) || s.err != nil {
			t.Errorf("sent %d, %v", s.n, s.err)
		}
		until(t, ctx, func() bool { return p.got.String() == "what is read later" })
		p.tr.PauseReading() // it is left so
		if _, err := l.SendFile(ctx, p.tr, strings.NewReader("+"), 0, 0); err != nil || p.tr.IsReading() {
			t.Errorf("%v, reading %v", err, p.tr.IsReading())
		}
		p.tr.Close()
		if text, err := got.Await(ctx); text != string(large)+"+" || err != nil {
			t.Errorf("received %d bytes, %v", len(text), err)
		}
	})
}

// What was sent is sent, and counted, and the connection goes on.
func TestSendFileIsCanceled(t *testing.T) {
	sending(t, func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream) {
		task, s := stuck(t, ctx, l, p)
		task.Cancel("")
		ended(t, ctx, task)
		if !task.Canceled() || s.n == 0 || s.n >= int64(len(large)) {
			t.Errorf("sent %d, %v", s.n, s.err)
		}
		timedOut, err := anyio.MoveOnAfter(ctx, 0, func(ctx context.Context) error {
			n, err := l.SendFile(ctx, p.tr, strings.NewReader("nothing of this"), 0, 0)
			if n != 0 {
				t.Errorf("%d bytes in a canceled scope", n)
			}
			return err
		})
		if !timedOut || err != nil {
			t.Errorf("timed out %v, %v", timedOut, err)
		}
		got := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return receiveAll(ctx, peer) })
		testkit.Must(t, peer.Send(ctx, []byte("read")))
		until(t, ctx, func() bool { return p.got.String() == "read" })
		if n, err := l.SendFile(ctx, p.tr, strings.NewReader("more"), 0, 0); n != 4 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		p.tr.Close()
		if text, err := got.Await(ctx); text != string(large[:s.n])+"more" || err != nil {
			t.Errorf("received %d bytes, %v", len(text), err)
		}
	})
}

func TestPeerClosesWhileAFileIsSent(t *testing.T) {
	sending(t, func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream) {
		task, s := stuck(t, ctx, l, p)
		_ = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("reset the connection")
			return peer.Close(ctx)
		})
		_, _ = task.Await(ctx)
		var op *net.OpError
		if !errors.As(s.err, &op) || s.n == 0 || s.n >= int64(len(large)) {
			t.Errorf("sent %d, %v", s.n, s.err)
		}
		if lost, _ := p.lost.Await(ctx); lost != s.err {
			t.Errorf("lost with %v, SendFile with %v", lost, s.err)
		}
		if n, err := l.SendFile(ctx, p.tr, strings.NewReader("x"), 0, 0); n != 0 || err != anyio.ErrClosed {
			t.Errorf("afterwards: %d, %v", n, err)
		}
	})
}

// Who has all of a file may go.
func TestPeerClosesWhenItHasTheFile(t *testing.T) {
	sending(t, func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream) {
		reader := goes(t, ctx, func(ctx context.Context) error {
			for buf, n := make([]byte, 64<<10), 0; n < 1<<20; {
				m, err := peer.Receive(ctx, buf)
				if err != nil {
					return err
				}
				n += m
			}
			return peer.Close(ctx)
		})
		if n, err := l.SendFile(ctx, p.tr, bytes.NewReader(large), 0, 1<<20); n != 1<<20 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		ended(t, ctx, reader)
		p.wantLost(ctx, nil)
	})
}

func TestThisSideClosesWhileAFileIsSent(t *testing.T) {
	sending(t, func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream) {
		task, s := stuck(t, ctx, l, p)
		p.tr.Close()
		text, err := receiveAll(ctx, peer)
		_, _ = task.Await(ctx)
		if s.err != anyio.ErrClosed || text != string(large[:s.n]) || err != nil {
			t.Errorf("sent %d, %v; received %d, %v", s.n, s.err, len(text), err)
		}
	})
	sending(t, func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream) {
		task, s := stuck(t, ctx, l, p)
		p.tr.Abort()
		_, _ = task.Await(ctx)
		if s.err != anyio.ErrClosed || s.n == 0 || s.n >= int64(len(large)) {
			t.Errorf("sent %d, %v", s.n, s.err)
		}
	})
}

// badFile is a file of which the end cannot be read.
type badFile struct {
	err error
	at  int64
}

func (f badFile) ReadAt(p []byte, off int64) (int, error) {
	n := copy(p, large[off:f.at])
	if n < len(p) {
		return n, f.err
	}
	return n, nil
}

func TestFileThatCannotBeReadOrSent(t *testing.T) {
	sending(t, func(t *testing.T, ctx context.Context, l *asyncio.Loop, p *logger, peer stream.ByteStream) {
		got := asyncio.CreateTask(ctx, func(ctx context.Context) (string, error) { return receiveAll(ctx, peer) })
		for _, want := range []error{testkit.ErrBoom, io.ErrUnexpectedEOF} {
			if n, err := l.SendFile(ctx, p.tr, badFile{want, 100_000}, 0, 0); n != 100_000 || err != want {
				t.Errorf("%d, %v", n, err)
			}
		}
		for what, f := range map[string]func() (int64, error){
			"offset":  func() (int64, error) { return l.SendFile(ctx, p.tr, strings.NewReader("x"), -1, 0) },
			"count":   func() (int64, error) { return l.SendFile(ctx, p.tr, strings.NewReader("x"), 0, -1) },
			"no file": func() (int64, error) { return l.SendFile(ctx, p.tr, nil, 0, 0) },
			"nil":     func() (int64, error) { return l.SendFile(ctx, nil, strings.NewReader("x"), 0, 0) },
			"transport": func() (int64, error) {
				return l.SendFile(ctx, struct{ asyncio.Transport }{p.tr}, strings.NewReader("x"), 0, 0)
			},
		} {
			n, err := f()
			testkit.WantMisuse(t, what, err)
			if n != 0 {
				t.Errorf("%s: %d", what, n)
			}
		}
		p.tr.Close()
		if n, err := l.SendFile(ctx, p.tr, strings.NewReader("x"), 0, 0); n != 0 || err != anyio.ErrClosed {
			t.Errorf("closing: %d, %v", n, err)
		}
		if text, err := got.Await(ctx); text != strings.Repeat(string(large[:100_000]), 2) || err != nil {
			t.Errorf("received %d bytes, %v", len(text), err)
		}
	})
}
