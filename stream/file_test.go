package stream_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// fileWith makes a file in a directory of the test's own.
func fileWith(t *testing.T, content []byte) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func wantContent(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if string(got) != want || err != nil {
		t.Errorf("the file has %q, %v, want %q", got, err, want)
	}
}

func TestFileReadStreamReadsToTheEnd(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		want := pattern(100_000)
		path := fileWith(t, want)
		opened, err := stream.OpenFile(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []*stream.FileReadStream{opened, stream.NewFileReadStream(file)} {
			got, err := receiveAll(ctx, s, 30_000)
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("received %d bytes, %v, want the %d of the file", len(got), err, len(want))
			}
			testkit.WantErr(t, s.Close(ctx), nil)
			testkit.WantErr(t, s.Close(ctx), nil)
			_, err = s.Receive(ctx, make([]byte, 1))
			testkit.WantErr(t, err, anyio.ErrClosed)
			_, err = s.Tell(ctx)
			testkit.WantErr(t, err, anyio.ErrClosed)
		}
	})
}

func TestFileReadStreamSeeksAndTells(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s, err := stream.OpenFile(ctx, fileWith(t, []byte("0123456789")))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close(ctx)
		wantReceived(t, ctx, s, 3, "012")
		for _, c := range []struct {
			offset int64
			whence int
			at     int64
			next   string
		}{{5, io.SeekStart, 5, "5"}, {-2, io.SeekEnd, 8, "8"}, {-8, io.SeekCurrent, 1, "1"}} {
			at, err := s.Seek(ctx, c.offset, c.whence)
			if at != c.at || err != nil {
				t.Errorf("Seek(%d, %d) gives %d, %v, want %d", c.offset, c.whence, at, err, c.at)
			}
			wantReceived(t, ctx, s, 1, c.next)
			if at, err := s.Tell(ctx); at != c.at+1 || err != nil {
				t.Errorf("Tell gives %d, %v, want %d", at, err, c.at+1)
			}
		}
		_, err = s.Seek(ctx, -1, io.SeekStart)
		var pe *fs.PathError
		if !errors.As(err, &pe) {
			t.Errorf("a seek before the start gives %v, want the system's error", err)
		}
		wantReceived(t, ctx, s, 1, "2")
	})
}

func TestFileStreamAttributes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		path := fileWith(t, nil)
		s, err := stream.AppendFile(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := attr.Get(s, stream.AttrFilePath); got != path || err != nil {
			t.Errorf("path %q, %v, want %q", got, err, path)
		}
		file, err := attr.Get(s, stream.AttrFile)
		if err != nil || file.Name() != path {
			t.Errorf("file %v, %v", file, err)
		}
		fd, err := attr.Get(s, stream.AttrFileDescriptor)
		if err != nil || fd != file.Fd() {
			t.Errorf("descriptor %d, %v, want %d", fd, err, file.Fd())
		}
		testkit.WantErr(t, s.Close(ctx), nil)
		_, err = attr.Get(s, stream.AttrFileDescriptor)
		testkit.WantErr(t, err, anyio.ErrClosed)

		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		piped := stream.NewFileReadStream(r)
		_, err = piped.Seek(ctx, 1, io.SeekStart)
		if err == nil || errors.Is(err, anyio.ErrBroken) {
			t.Errorf("seeking in a pipe: %v, want the system's error", err)
		}
		testkit.WantErr(t, piped.Close(ctx), nil)
		testkit.WantErr(t, w.Close(), nil)
	})
}

func TestFileWriteStreamCreatesAndAppends(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		path := fileWith(t, []byte("old"))
		write := func(open func(ctx context.Context, path string) (*stream.FileWriteStream, error), words ...string) {
			s, err := open(ctx, path)
			if err != nil {
				t.Fatal(err)
			}
			for _, w := range words {
				testkit.WantErr(t, s.Send(ctx, []byte(w)), nil)
			}
			canceled(t, ctx, func(ctx context.Context) error { return s.Send(ctx, []byte("never")) })
			canceled(t, ctx, func(ctx context.Context) error {
				testkit.WantErr(t, s.Close(ctx), nil)
				return context.Cause(ctx)
			})
			testkit.WantErr(t, s.Send(ctx, []byte("late")), anyio.ErrClosed)
			testkit.WantErr(t, s.Close(ctx), nil)
		}
		write(stream.AppendFile, "er")
		wantContent(t, path, "older")
		write(stream.CreateFile, "ne", "w")
		wantContent(t, path, "new")
	})
}

func TestFileStreamErrors(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := t.TempDir()
		_, err := stream.OpenFile(ctx, filepath.Join(dir, "none"))
		testkit.WantErr(t, err, fs.ErrNotExist)
		_, err = stream.CreateFile(ctx, filepath.Join(dir, "none", "file"))
		testkit.WantErr(t, err, fs.ErrNotExist)
		canceled(t, ctx, func(ctx context.Context) error {
			_, err := stream.CreateFile(ctx, filepath.Join(dir, "canceled"))
			return err
		})
		if _, err := os.Stat(filepath.Join(dir, "canceled")); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a file was made in a canceled scope: %v", err)
		}
		path := fileWith(t, []byte("x"))
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		w := stream.NewFileWriteStream(file)
		err = w.Send(ctx, []byte("read only"))
		testkit.WantErr(t, err, anyio.ErrBroken)
		var pe *fs.PathError
		if !errors.As(err, &pe) || pe.Path != path {
			t.Errorf("%v does not tell the path", err)
		}
		testkit.WantErr(t, file.Close(), nil) // behind the stream's back
		testkit.WantErr(t, w.Send(ctx, []byte("x")), anyio.ErrClosed)
		testkit.WantErr(t, w.Close(ctx), nil)
		r, err := stream.OpenFile(ctx, path)
		if err != nil {
			t.Fatal(err)
		}
		var misuse *anyio.MisuseError
		if _, err := r.Receive(ctx, nil); !errors.As(err, &misuse) {
			t.Errorf("an empty buffer: %v", err)
		}
		testkit.WantErr(t, r.Close(ctx), nil)
	})
}

func TestFileStreamRefusesConcurrentUse(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		s := stream.NewFileReadStream(r)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				wantReceived(t, ctx, s, 10, "x")
				return nil
			})
			idle(t, ctx)
			var busy *anyio.BusyError
			if _, err := s.Receive(ctx, make([]byte, 1)); !errors.As(err, &busy) {
				t.Errorf("the second receiver got %v, want a BusyError", err)
			}
			if _, err := s.Tell(ctx); !errors.As(err, &busy) {
				t.Errorf("Tell gave %v, want a BusyError", err)
			}
			_, err := w.WriteString("x")
			testkit.WantErr(t, err, nil)
		})
		testkit.WantErr(t, s.Close(ctx), nil)
		testkit.WantErr(t, w.Close(), nil)
	}, anyiotest.Skip("sim", blocksForReal))
}

func TestFileReadStreamThatWaitsForAPipeIsWokenByClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		s := stream.NewFileReadStream(r)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := s.Receive(ctx, make([]byte, 1))
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			testkit.WantErr(t, s.Close(ctx), nil)
			testkit.WantErr(t, s.Close(ctx), nil)
		})
		testkit.WantErr(t, w.Close(), nil)
	}, anyiotest.Skip("sim", blocksForReal))
}
