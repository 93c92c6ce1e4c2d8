package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// joined makes two connected sockets, which are closed at the end of the test.
func joined(t *testing.T, ctx context.Context) (a, b *socket.Stream) {
	t.Helper()
	l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	testkit.Must(t, err)
	a, err = socket.DialTCP(ctx, "127.0.0.1", l.Port())
	testkit.Must(t, err)
	b, err = l.Accept(ctx)
	testkit.Must(t, err)
	testkit.Must(t, l.Close(ctx))
	t.Cleanup(func() {
		_ = a.Close(context.Background())
		_ = b.Close(context.Background())
	})
	return a, b
}

// noise is what no part of is like another.
func noise(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.NewChaCha8([32]byte{}).Read(b)
	return b
}

// drain receives until the end.
func drain(ctx context.Context, r stream.ByteReceiveStream) ([]byte, error) {
	var all bytes.Buffer
	for piece, err := range stream.Pieces(ctx, r, 50_000) {
		if err != nil {
			return all.Bytes(), err
		}
		all.Write(piece)
	}
	return all.Bytes(), nil
}

func TestCopyRelaysBetweenSockets(t *testing.T) {
	data := noise(3<<20 + 17)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		client, front := joined(t, ctx)
		back, server := joined(t, ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				// Few bytes, then many, and few again.
				return errors.Join(client.Send(ctx, data[:5]), client.Send(ctx, data[5:len(data)-3]), client.Send(ctx, data[len(data)-3:]), client.SendEOF(ctx))
			})
			tg.Go(func(ctx context.Context) error {
				n, err := stream.Copy(ctx, back, front)
				if n != int64(len(data)) || err != nil {
					t.Errorf("copied %d bytes, %v", n, err)
				}
				return back.SendEOF(ctx)
			})
			got, err := drain(ctx, server)
			testkit.Must(t, err)
			if !bytes.Equal(got, data) {
				t.Error("what arrived is not what was sent")
			}
		})
	}, anyiotest.Seeds(1))
}

func TestCopySendsAFile(t *testing.T) {
	data := noise(2<<20 + 5)
	name := filepath.Join(t.TempDir(), "file")
	testkit.Must(t, os.WriteFile(name, data, 0o600))
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := joined(t, ctx)
		file, err := stream.OpenFile(ctx, name)
		testkit.Must(t, err)
		defer file.Close(ctx)
		_, err = file.Receive(ctx, make([]byte, 7)) // it goes on behind that
		testkit.Must(t, err)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				n, err := stream.Copy(ctx, a, file)
				if n != int64(len(data)-7) || err != nil {
					t.Errorf("copied %d bytes, %v", n, err)
				}
				at, err := file.Tell(ctx)
				if at != int64(len(data)) || err != nil {
					t.Errorf("the file is at %d, %v", at, err)
				}
				return a.SendEOF(ctx)
			})
			got, err := drain(ctx, b)
			testkit.Must(t, err)
			if !bytes.Equal(got, data[7:]) {
				t.Error("what arrived is not what is in the file")
			}
		})
	}, anyiotest.Seeds(1))
}

// A file of the system says that it is empty.
func TestCopySendsAFileThatDoesNotKnowItsSize(t *testing.T) {
	const name = "/proc/self/status"
	if _, err := os.Stat(name); err != nil {
		t.Skip("this system has no such file")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := joined(t, ctx)
		file, err := stream.OpenFile(ctx, name)
		testkit.Must(t, err)
		defer file.Close(ctx)
		n, err := stream.Copy(ctx, a, file)
		testkit.Must(t, err)
		testkit.Must(t, a.SendEOF(ctx))
		got, err := drain(ctx, b)
		if n == 0 || int64(len(got)) != n || err != nil {
			t.Errorf("copied %d bytes, and %d came, %v", n, len(got), err)
		}
	})
}

// What is no file on a disk is copied as it comes.
func TestCopyFromAPipeOfTheSystem(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := joined(t, ctx)
		r, w, err := os.Pipe()
		testkit.Must(t, err)
		_, err = w.WriteString("through a pipe")
		testkit.Must(t, errors.Join(err, w.Close()))
		file := stream.NewFileReadStream(r)
		defer file.Close(ctx)
		n, err := stream.Copy(ctx, a, file)
		testkit.Must(t, errors.Join(err, a.SendEOF(ctx)))
		got, err := drain(ctx, b)
		if string(got) != "through a pipe" || n != int64(len(got)) || err != nil {
			t.Errorf("copied %d bytes, and %q came, %v", n, got, err)
		}
	})
}

// Copies that are canceled, or whose receiver goes away, end with that, wherever they are.
func TestCopyInBulkIsInterrupted(t *testing.T) {
	data := noise(60_000)
	name := filepath.Join(t.TempDir(), "file")
	testkit.Must(t, os.WriteFile(name, data, 0o600))
	testkit.Must(t, os.Truncate(name, 64<<20)) // more than sockets hold
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		file := func(ctx context.Context) stream.ByteReceiveStream {
			f, err := stream.OpenFile(ctx, name)
			testkit.Must(t, err)
			t.Cleanup(func() { _ = f.Close(context.Background()) })
			return f
		}
		relayed := func(ctx context.Context) stream.ByteReceiveStream {
			client, front := joined(t, ctx)
			testkit.Must(t, client.Send(ctx, data)) // in bulk, and then nothing more
			return front
		}
		for what, source := range map[string]func(context.Context) stream.ByteReceiveStream{"file": file, "relay": relayed} {
			a, b := joined(t, ctx)
			src := source(ctx)
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					n, err := stream.Copy(ctx, a, src)
					if !errors.Is(err, anyio.ErrCanceled) || n == 0 {
						t.Errorf("%s, canceled: %d bytes, %v", what, n, err)
					}
					return nil
				})
				got := make([]byte, len(data))
				testkit.Must(t, stream.NewBufferedReceiver(b).ReceiveFull(ctx, got))
				if !bytes.Equal(got, data) {
					t.Errorf("%s: what arrived is not what was sent", what)
				}
				tg.Cancel("test")
			})
			if err := src.Close(ctx); err != nil {
				t.Error(err)
			}
			_ = b.Close(ctx)
			_ = a.Close(ctx)
		}
		a, b := joined(t, ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := stream.Copy(ctx, a, file(ctx))
				testkit.WantErr(t, err, anyio.ErrBroken)
				return nil
			})
			_, err := io.ReadFull(stream.NetConn(ctx, b), make([]byte, 1<<20))
			testkit.Must(t, err)
			testkit.Must(t, b.Close(ctx))
		})
		testkit.Must(t, a.Close(ctx))
		_, err := stream.Copy(ctx, a, file(ctx))
		testkit.WantErr(t, err, anyio.ErrClosed)
		client, front := joined(t, ctx)
		back, server := joined(t, ctx)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := stream.Copy(ctx, back, front)
				testkit.WantErr(t, err, anyio.ErrBroken)
				return nil
			})
			testkit.Must(t, client.Send(ctx, data))
			testkit.Must(t, stream.NewBufferedReceiver(server).ReceiveFull(ctx, make([]byte, len(data))))
			testkit.Must(t, client.Abort(ctx))
		})
	}, anyiotest.Seeds(1))
}

// A file of the system says that it has a page, and has less.
func TestCopySendsAFileThatHasLessThanItSays(t *testing.T) {
	const name = "/sys/kernel/mm/transparent_hugepage/enabled"
	want, err := os.ReadFile(name)
	if err != nil {
		t.Skip("this system has no such file")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := joined(t, ctx)
		file, err := stream.OpenFile(ctx, name)
		testkit.Must(t, err)
		defer file.Close(ctx)
		_, err = stream.Copy(ctx, a, file)
		testkit.Must(t, errors.Join(err, a.SendEOF(ctx)))
		got, err := drain(ctx, b)
		if !bytes.Equal(got, want) || err != nil {
			t.Errorf("%q came, %v", got, err)
		}
	})
}
