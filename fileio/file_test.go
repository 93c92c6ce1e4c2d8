package fileio_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestFileIsReadWrittenAndMovedIn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("file")
		f, err := fileio.Create(ctx, string(p))
		testkit.Must(t, err)
		wantIs(t, 10)(f.Write(ctx, []byte("0123456789")))
		wantIs(t, int64(10))(f.Tell(ctx))
		wantIs(t, int64(2))(f.Seek(ctx, 2, io.SeekStart))
		buf := make([]byte, 3)
		wantIs(t, 3)(f.Read(ctx, buf))
		if string(buf) != "234" {
			t.Errorf("read %q", buf)
		}
		wantIs(t, 2)(f.WriteAt(ctx, []byte("ab"), 1))
		wantIs(t, 3)(f.ReadAt(ctx, buf, 0))
		if string(buf) != "0ab" {
			t.Errorf("read %q", buf)
		}
		wantIs(t, int64(5))(f.Tell(ctx))
		wantIs(t, int64(7))(f.Seek(ctx, -3, io.SeekEnd))
		wantIs(t, int64(5))(f.Seek(ctx, -2, io.SeekCurrent))
		testkit.Must(t, f.Truncate(ctx, 6))
		data, err := f.ReadAll(ctx)
		if string(data) != "5" || err != nil {
			t.Errorf("read %q, %v", data, err)
		}
		_, err = f.Read(ctx, buf)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		testkit.Must(t, f.WriteLines(ctx, "one\n", "two\n"))
		testkit.Must(t, f.Sync(ctx))
		info, err := f.Stat(ctx)
		if err != nil || info.Size() != 14 {
			t.Errorf("%v, %v", info, err)
		}
		if fd, err := f.Fd(); err != nil || fd != f.Wrapped().Fd() {
			t.Errorf("descriptor %d, %v", fd, err)
		}
		if f.Name() != string(p) || f.Closed() {
			t.Errorf("name %q, closed %v", f.Name(), f.Closed())
		}
		testkit.Must(t, f.Close(ctx))
		wantContent(t, p, "0ab345one\ntwo\n")
	})
}

func TestClosedFileTellsSo(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := fileWith(t, "line\n")
		f, err := p.OpenFile(ctx, os.O_RDWR, 0)
		testkit.Must(t, err)
		inCanceled(t, ctx, "Close", func(ctx context.Context) error {
			testkit.Must(t, f.Close(ctx))
			return context.Cause(ctx)
		})
		testkit.Must(t, f.Close(ctx))
		if !f.Closed() {
			t.Error("it is not closed")
		}
		for name, call := range fileCalls(f) {
			if err := call(ctx); !errors.Is(err, anyio.ErrClosed) || !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		behind, err := os.Open(string(p))
		testkit.Must(t, err)
		testkit.Must(t, fileio.Wrap(behind).Close(ctx))
		if err := behind.Close(); !errors.Is(err, os.ErrClosed) {
			t.Errorf("the wrapped file after Close: %v", err)
		}
		behind, err = os.Open(string(p))
		testkit.Must(t, err)
		f = fileio.Wrap(behind)
		testkit.Must(t, behind.Close())
		_, err = f.Read(ctx, make([]byte, 1))
		testkit.WantErr(t, err, anyio.ErrClosed)
		testkit.Must(t, f.Close(ctx))
	})
}

// fileCalls are all calls on a file.
func fileCalls(f *fileio.File) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"Read":     func(ctx context.Context) error { _, err := f.Read(ctx, make([]byte, 1)); return err },
		"Write":    func(ctx context.Context) error { _, err := f.Write(ctx, []byte("x")); return err },
		"ReadAt":   func(ctx context.Context) error { _, err := f.ReadAt(ctx, make([]byte, 1), 0); return err },
		"WriteAt":  func(ctx context.Context) error { _, err := f.WriteAt(ctx, []byte("x"), 0); return err },
		"Seek":     func(ctx context.Context) error { _, err := f.Seek(ctx, 1, io.SeekStart); return err },
		"Tell":     func(ctx context.Context) error { _, err := f.Tell(ctx); return err },
		"Truncate": func(ctx context.Context) error { return f.Truncate(ctx, 0) },
		"Sync":     f.Sync,
		"Stat":     func(ctx context.Context) error { _, err := f.Stat(ctx); return err },
		"ReadLine": func(ctx context.Context) error { _, err := f.ReadLine(ctx); return err },
		"ReadAll":  func(ctx context.Context) error { _, err := f.ReadAll(ctx); return err },
	}
}

func TestFileCallsHaveNoEffectInACanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := fileWith(t, "line\nline\n")
		f, err := p.OpenFile(ctx, os.O_RDWR, 0)
		testkit.Must(t, err)
		defer f.Close(ctx)
		for name, call := range fileCalls(f) {
			inCanceled(t, ctx, name, call)
		}
		wantIs(t, int64(0))(f.Tell(ctx))
		wantIs(t, "line\n")(f.ReadLine(ctx))
		inCanceled(t, ctx, "ReadLine of what was read ahead", fileCalls(f)["ReadLine"])
		wantIs(t, "line\n")(f.ReadLine(ctx))
		wantContent(t, p, "line\nline\n")
		inCanceled(t, ctx, "Create", func(ctx context.Context) error {
			_, err := fileio.Create(ctx, string(p))
			return err
		})
		wantContent(t, p, "line\nline\n")
	})
}

func TestLinesMixWithAllOtherCalls(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		long := strings.Repeat("x", 200_000) + "\n"
		p := fileWith(t, "one\n\n"+long+"three\nlast")
		f, err := p.OpenFile(ctx, os.O_RDWR, 0)
		testkit.Must(t, err)
		defer f.Close(ctx)
		lines, err := f.ReadLines(ctx)
		testkit.Must(t, err)
		wantList(t, lines, "one\n", "\n", long, "three\n", "last")
		_, err = f.ReadLine(ctx)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)

		_, err = f.Seek(ctx, 0, io.SeekStart)
		testkit.Must(t, err)
		for line, err := range f.Lines(ctx) {
			if line != "one\n" || err != nil {
				t.Errorf("%q, %v", line, err)
			}
			break
		}
		wantIs(t, int64(4))(f.Tell(ctx))
		buf := make([]byte, 3)
		wantIs(t, 3)(f.Read(ctx, buf))
		if string(buf) != "\nxx" {
			t.Errorf("read %q after a line", buf)
		}
		wantIs(t, int64(8))(f.Seek(ctx, 1, io.SeekCurrent))
		wantIs(t, long[3:])(f.ReadLine(ctx))
		wantIs(t, 5)(f.Write(ctx, []byte("THREE")))
		wantIs(t, "\n")(f.ReadLine(ctx))
		data, err := f.ReadAll(ctx)
		if string(data) != "last" || err != nil {
			t.Errorf("read %q, %v", data, err)
		}
		wantContent(t, p, "one\n\n"+long+"THREE\nlast")
	})
}

func TestFileToAppendTo(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := fileWith(t, "old ")
		f, err := fileio.OpenFile(ctx, string(p), os.O_WRONLY|os.O_APPEND, 0)
		testkit.Must(t, err)
		wantIs(t, 3)(f.WriteString(ctx, "new"))
		testkit.Must(t, f.Close(ctx))
		wantContent(t, p, "old new")
		_, err = fileio.Open(ctx, string(p.Join("none")))
		if err == nil || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("error %v", err)
		}
		_, err = fileio.Open(ctx, string(p)+".none")
		testkit.WantErr(t, err, fs.ErrNotExist)
	})
}

func TestPathsOpenTheirFiles(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("file.txt")
		_, err := p.Open(ctx)
		testkit.WantErr(t, err, fs.ErrNotExist)
		f, err := p.Create(ctx)
		testkit.Must(t, err)
		wantIs(t, 4)(f.WriteString(ctx, "old "))
		wantIs(t, int64(0))(f.Seek(ctx, 0, io.SeekStart))
		wantIs(t, "old ")(f.ReadLine(ctx))
		testkit.Must(t, f.Close(ctx))
		f, err = p.OpenFile(ctx, os.O_WRONLY|os.O_APPEND, 0)
		testkit.Must(t, err)
		wantIs(t, 3)(f.WriteString(ctx, "new"))
		testkit.Must(t, f.Close(ctx))
		f, err = p.Open(ctx)
		testkit.Must(t, err)
		wantIs(t, "old new")(f.ReadLine(ctx))
		if _, err := f.WriteString(ctx, "x"); err == nil {
			t.Error("wrote to a file that was opened to read")
		}
		testkit.Must(t, f.Close(ctx))
		f, err = p.Create(ctx)
		testkit.Must(t, err)
		testkit.Must(t, f.Close(ctx))
		wantContent(t, p, "")
	})
}

func TestFileTakesTokensOfItsLimiter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		f, err := fileio.Open(ctx, string(fileWith(t, "content")))
		testkit.Must(t, err)
		defer f.Close(ctx)
		limiter := anyio.NewCapacityLimiter(1)
		f.SetLimiter(limiter)
		if f.Limiter() != limiter {
			t.Error("another limiter")
		}
		testkit.Must(t, limiter.Acquire(ctx))
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			read := anyio.GoValue(tg, func(ctx context.Context) (string, error) {
				data, err := f.ReadAll(ctx)
				return string(data), err
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			limiter.Release()
			wantIs(t, "content")(read.Await(ctx))
			return nil
		})
		testkit.Must(t, err)
	})
}

func TestFullDiskIsToldWithWhatWasWritten(t *testing.T) {
	if _, err := os.Stat("/dev/full"); err != nil || runtime.GOOS == "windows" {
		t.Skip("this system has no /dev/full")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		f, err := fileio.OpenFile(ctx, "/dev/full", os.O_WRONLY, 0)
		testkit.Must(t, err)
		defer f.Close(ctx)
		n, err := f.WriteString(ctx, "x")
		testkit.WantErr(t, err, errNoSpace)
		if n != 0 {
			t.Errorf("wrote %d", n)
		}
		testkit.WantErr(t, fileio.Path("/dev/full").WriteBytes(ctx, []byte("x")), errNoSpace)
		testkit.WantErr(t, fileio.Copy(ctx, "/dev/full", fileWith(t, "x"), nil), errNoSpace)
		if _, err := os.Stat("/dev/full"); err != nil {
			t.Errorf("the device is gone: %v", err)
		}
	})
}

func TestFileServesManyTasksAtOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const tasks, size = 8, 1000
		f, err := fileio.Create(ctx, string(folder(t).Join("file")))
		testkit.Must(t, err)
		defer f.Close(ctx)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range tasks {
				tg.Go(func(ctx context.Context) error {
					want := bytes.Repeat([]byte{byte('a' + i)}, size)
					if _, err := f.WriteAt(ctx, want, int64(i*size)); err != nil {
						return err
					}
					got := make([]byte, size)
					if _, err := f.ReadAt(ctx, got, int64(i*size)); err != nil || !bytes.Equal(got, want) {
						return fmt.Errorf("task %d reads %.10q, %w", i, got, err)
					}
					return nil
				})
			}
			return nil
		})
		testkit.Must(t, err)
	})
}

func TestFileCallsInPlaceAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector allocates")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		f, err := fileio.Create(ctx, string(folder(t).Join("file")))
		testkit.Must(t, err)
		defer f.Close(ctx)
		buf := make([]byte, 100)
		allocs := testing.AllocsPerRun(100, func() {
			_, err1 := f.Write(ctx, buf)
			_, err2 := f.Seek(ctx, 0, io.SeekStart)
			_, err3 := f.Read(ctx, buf)
			_, err4 := f.ReadAt(ctx, buf, 0)
			_, err5 := f.WriteAt(ctx, buf, 0)
			if err := errors.Join(err1, err2, err3, err4, err5); err != nil {
				t.Fatal(err)
			}
		})
		if allocs > 0 {
			t.Errorf("%v allocations, want 0", allocs)
		}
	}, anyiotest.Skip("eventloop", "a call on another goroutine needs an object"))
}
