package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// fileOf makes a file with some content, in a directory of its own.
func fileOf(t *testing.T, data []byte) (name string) {
	t.Helper()
	name = filepath.Join(t.TempDir(), "file")
	testkit.Must(t, os.WriteFile(name, data, 0o600))
	return name
}

// opened opens a file until the end of the test.
func opened(t *testing.T, name string) *os.File {
	t.Helper()
	f, err := os.Open(name)
	testkit.Must(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func from(conn net.Conn, r io.Reader) (int64, error) { return conn.(io.ReaderFrom).ReadFrom(r) }

func closeWrite(conn net.Conn) error { return conn.(interface{ CloseWrite() error }).CloseWrite() }

func TestNetConnSendsFiles(t *testing.T) {
	data := noise(2<<20 + 5)
	name := fileOf(t, data)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := joined(t, ctx)
		f := opened(t, name)
		_, err := f.Seek(7, io.SeekStart)
		testkit.Must(t, err)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			conn := stream.NetConn(ctx, a)
			tg.Go(func(context.Context) error {
				limited := &io.LimitedReader{R: f, N: int64(len(data) - 12)}
				if n, err := from(conn, limited); n != int64(len(data)-12) || err != nil || limited.N != 0 {
					t.Errorf("%d bytes, %v, %d left", n, err, limited.N)
				}
				if at, err := f.Seek(0, io.SeekCurrent); at != int64(len(data)-5) || err != nil {
					t.Errorf("the file is at %d, %v", at, err)
				}
				if n, err := from(conn, f); n != 5 || err != nil { // up to the end
					t.Errorf("%d bytes, %v", n, err)
				}
				if n, err := from(conn, &io.LimitedReader{R: f, N: 0}); n != 0 || err != nil {
					t.Errorf("%d bytes of none, %v", n, err)
				}
				if n, err := from(conn, bytes.NewReader([]byte("more"))); n != 4 || err != nil {
					t.Errorf("%d bytes of no file, %v", n, err)
				}
				return closeWrite(conn)
			})
			got, err := drain(ctx, b)
			testkit.Must(t, err)
			if !bytes.Equal(got, append(data[7:len(data):len(data)], "more"...)) {
				t.Error("what arrived is not what is in the file")
			}
		})
	}, anyiotest.Seeds(1))
}

// A deadline ends it, n is what was sent, and it can go on there.
func TestNetConnSendingAFileIsInterrupted(t *testing.T) {
	data := noise(16 << 20)
	name := fileOf(t, data)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := joined(t, ctx)
		conn, f := stream.NetConn(ctx, a), opened(t, name)
		testkit.Must(t, conn.SetWriteDeadline(anyio.Now(ctx).Add(50*time.Millisecond)))
		sent, err := from(conn, f) // nobody receives it
		wantTimeout(t, err)
		if sent <= 0 || sent >= int64(len(data)) {
			t.Fatalf("%d bytes were sent", sent)
		}
		if n, err := from(conn, f); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%d bytes after the deadline, %v", n, err)
		}
		testkit.Must(t, conn.SetWriteDeadline(time.Time{}))
		_, err = f.Seek(sent, io.SeekStart)
		testkit.Must(t, err)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(context.Context) error {
				if n, err := from(conn, f); sent+n != int64(len(data)) || err != nil {
					t.Errorf("%d and %d bytes, %v", sent, n, err)
				}
				return closeWrite(conn)
			})
			got, err := drain(ctx, b)
			testkit.Must(t, err)
			if !bytes.Equal(got, data) {
				t.Error("what arrived is not what is in the file")
			}
		})
	}, anyiotest.Seeds(1))
}

func TestNetConnThatCannotSendAFile(t *testing.T) {
	name := fileOf(t, noise(100))
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, _ := joined(t, ctx)
		conn, f := stream.NetConn(ctx, a), opened(t, name)
		closed := opened(t, name)
		testkit.Must(t, closed.Close())
		if n, err := from(conn, closed); n != 0 || !errors.Is(err, os.ErrClosed) {
			t.Errorf("closed file: %d bytes, %v", n, err)
		}
		testkit.Must(t, conn.Close())
		n, err := from(conn, f)
		if op, ok := errors.AsType[*net.OpError](err); n != 0 || !ok || !errors.Is(op, net.ErrClosed) {
			t.Errorf("closed connection: %d bytes, %v", n, err)
		}
		if at, err := f.Seek(0, io.SeekCurrent); at != 0 || err != nil {
			t.Errorf("the file is at %d, %v", at, err)
		}
	})
}

func TestHTTPServesFilesOverSocketsOfOurs(t *testing.T) {
	data := noise(3<<20 + 1)
	name := fileOf(t, data)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		testkit.Must(t, err)
		nl := stream.NetListener(ctx, l)
		server := &http.Server{Handler: http.FileServer(http.Dir(filepath.Dir(name)))}
		served := make(chan error, 1)
		go func() { served <- server.Serve(nl) }()
		transport := &http.Transport{}
		_, err = anyio.RunBlockingValue(ctx, func() (struct{}, error) {
			for asked, want := range map[string][]byte{"": data, "bytes=5-1048999": data[5:1049000]} {
				req, err := http.NewRequest(http.MethodGet, "http://"+nl.Addr().String()+"/file", nil)
				testkit.Must(t, err)
				if asked != "" {
					req.Header.Set("Range", asked)
				}
				resp, err := transport.RoundTrip(req)
				if err != nil {
					return struct{}{}, err
				}
				got, err := io.ReadAll(resp.Body)
				if resp.Body.Close(); err != nil || !bytes.Equal(got, want) {
					t.Errorf("%q: %s, %d bytes, %v", asked, resp.Status, len(got), err)
				}
			}
			transport.CloseIdleConnections()
			err := server.Shutdown(context.Background())
			testkit.WantErr(t, <-served, http.ErrServerClosed)
			return struct{}{}, err
		})
		testkit.WantErr(t, err, nil)
	}, anyiotest.Skip("sim", "net/http starts goroutines, which a simulation cannot wait for"))
}
