package fileio_test

import (
	"context"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func wantEmpty(t *testing.T, dir fileio.Path) {
	t.Helper()
	entries, err := os.ReadDir(string(dir))
	if len(entries) > 0 || err != nil {
		t.Errorf("%s has %v, %v", dir, entries, err)
	}
}

func TestTemporaryFileHasNoName(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		f, err := fileio.TempFile(ctx, fileio.TempOptions{Dir: string(dir)})
		testkit.Must(t, err)
		if runtime.GOOS != "windows" {
			wantEmpty(t, dir)
		}
		wantIs(t, 4)(f.WriteString(ctx, "data"))
		wantIs(t, int64(0))(f.Seek(ctx, 0, io.SeekStart))
		data, err := f.ReadAll(ctx)
		if string(data) != "data" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		testkit.Must(t, f.Close(ctx))
		testkit.Must(t, f.Close(ctx))
		wantEmpty(t, dir)
		if _, err := f.WriteString(ctx, "x"); !errors.Is(err, anyio.ErrClosed) {
			t.Errorf("error %v", err)
		}
		inCanceled(t, ctx, "TempFile", func(ctx context.Context) error {
			_, err := fileio.TempFile(ctx, fileio.TempOptions{Dir: string(dir)})
			return err
		})
		wantEmpty(t, dir)
		_, err = fileio.TempFile(ctx, fileio.TempOptions{Dir: string(dir.Join("none"))})
		testkit.WantErr(t, err, os.ErrNotExist)
	})
}

func TestNamedTemporaryFileIsGoneWhenClosed(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		opts := fileio.TempOptions{Dir: string(dir), Prefix: "pre", Suffix: ".suf"}
		f, err := fileio.NamedTempFile(ctx, opts)
		testkit.Must(t, err)
		name := fileio.Path(f.Name()).Name()
		if !strings.HasPrefix(name, "pre") || !strings.HasSuffix(name, ".suf") || fileio.Path(f.Name()).Parent() != dir {
			t.Errorf("name %q", f.Name())
		}
		wantContent(t, fileio.Path(f.Name()), "")
		inCanceled(t, ctx, "Close", func(ctx context.Context) error {
			testkit.Must(t, f.Close(ctx))
			return context.Cause(ctx)
		})
		wantEmpty(t, dir)
		_, err = f.WriteString(ctx, "x")
		testkit.WantErr(t, err, anyio.ErrClosed)

		f, err = fileio.NamedTempFile(ctx, opts)
		testkit.Must(t, err)
		if runtime.GOOS != "windows" { // which removes no open file
			testkit.Must(t, os.Remove(f.Name())) // by somebody else
		}
		testkit.Must(t, f.Close(ctx))

		opts.Keep = true
		f, err = fileio.NamedTempFile(ctx, opts)
		testkit.Must(t, err)
		testkit.Must(t, f.Close(ctx))
		wantContent(t, fileio.Path(f.Name()), "")
	})
}

func TestTemporaryFilesAreGoneAfterAPanic(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		opts := fileio.TempOptions{Dir: string(dir)}
		func() {
			defer func() { _ = recover() }()
			f, err := fileio.NamedTempFile(ctx, opts)
			testkit.Must(t, err)
			defer f.Close(ctx)
			d, err := fileio.OpenTempDirectory(ctx, opts)
			testkit.Must(t, err)
			defer d.Close(ctx)
			panic("boom")
		}()
		wantEmpty(t, dir)
	})
}

func TestTemporaryDirectoryIsRemovedWithAllInIt(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		opts := fileio.TempOptions{Dir: string(dir), Prefix: "pre", Suffix: "suf"}
		d, err := fileio.OpenTempDirectory(ctx, opts)
		testkit.Must(t, err)
		testkit.Must(t, d.Path().Join("a/b").Mkdir(ctx, fileio.MkdirOptions{Parents: true}))
		write(t, d.Path().Join("a/b/c"), "x")
		inCanceled(t, ctx, "Close", func(ctx context.Context) error {
			testkit.Must(t, d.Close(ctx))
			return context.Cause(ctx)
		})
		wantEmpty(t, dir)
		testkit.Must(t, d.Close(ctx))
		testkit.Must(t, d.Cleanup(ctx))

		opts.Keep = true
		d, err = fileio.OpenTempDirectory(ctx, opts)
		testkit.Must(t, err)
		testkit.Must(t, d.Close(ctx))
		wantIs(t, true)(d.Path().IsDir(ctx))
		testkit.Must(t, d.Cleanup(ctx))
		wantEmpty(t, dir)
	})
}

func TestMkstempAndMkdtempLeaveRemovingToTheCaller(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		opts := fileio.TempOptions{Dir: t.TempDir(), Prefix: "pre", Suffix: "suf"}
		f, p, err := fileio.CreateTemp(ctx, opts)
		testkit.Must(t, err)
		wantIs(t, 1)(f.WriteString(ctx, "x"))
		testkit.Must(t, f.Close(ctx))
		wantContent(t, p, "x")
		d, err := fileio.MkdirTemp(ctx, opts)
		testkit.Must(t, err)
		wantIs(t, true)(d.IsDir(ctx))
		if info, err := p.Stat(ctx); err != nil || !hasMode(info, 0o600) {
			t.Errorf("%v, %v", info, err)
		}
		if fileio.TempDir() != fileio.NewPath(os.TempDir()) {
			t.Errorf("%s", fileio.TempDir())
		}
	})
}

func TestSpooledFileRollsOverAboveItsSize(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		opts := fileio.TempOptions{Dir: string(dir)}
		f := fileio.SpooledTempFile(10, opts)
		wantIs(t, 10)(f.WriteString(ctx, "0123456789"))
		if !f.InMemory() || f.Wrapped() != nil {
			t.Error("it rolled over with just as many bytes as fit")
		}
		var misuse *anyio.MisuseError
		if _, err := f.Fd(); !errors.As(err, &misuse) {
			t.Errorf("the descriptor of memory: %v", err)
		}
		inCanceled(t, ctx, "Write", func(ctx context.Context) error { _, err := f.WriteString(ctx, "x"); return err })
		wantIs(t, 1)(f.WriteString(ctx, "\n"))
		if f.InMemory() || f.Wrapped() == nil {
			t.Error("it did not roll over")
		}
		if _, err := f.Fd(); err != nil {
			t.Error(err)
		}
		wantIs(t, int64(11))(f.Tell(ctx))
		wantIs(t, int64(8))(f.Seek(ctx, 8, io.SeekStart))
		wantIs(t, "89\n")(f.ReadLine(ctx))
		testkit.Must(t, f.Close(ctx))
		testkit.Must(t, f.Close(ctx))
		wantEmpty(t, dir)
	})
}

// The same calls are made on memory and on a file.
func TestSpooledFileBehavesTheSameInMemoryAndOnDisk(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, roll := range []bool{false, true} {
			f := fileio.SpooledTempFile(0, fileio.TempOptions{Dir: t.TempDir()})
			testkit.Must(t, f.WriteLines(ctx, "one\n", "two\n"))
			wantIs(t, int64(2))(f.Seek(ctx, -6, io.SeekEnd))
			if roll {
				testkit.Must(t, f.Rollover(ctx))
				testkit.Must(t, f.Rollover(ctx))
			}
			if f.InMemory() == roll {
				t.Errorf("in memory: %v", f.InMemory())
			}
			wantIs(t, int64(2))(f.Tell(ctx))
			buf := make([]byte, 3)
			wantIs(t, 3)(f.Read(ctx, buf))
			if string(buf) != "e\nt" {
				t.Errorf("read %q", buf)
			}
			wantIs(t, int64(4))(f.Seek(ctx, -1, io.SeekCurrent))
			wantIs(t, "two\n")(f.ReadLine(ctx))
			_, err := f.ReadLine(ctx)
			testkit.WantErr(t, err, io.EOF)
			_, err = f.Read(ctx, buf)
			testkit.WantErr(t, err, io.EOF)
			wantIs(t, 0)(f.Read(ctx, nil))
			_, err = f.Seek(ctx, -1, io.SeekStart)
			if err == nil {
				t.Error("it is before its begin")
			}
			if _, err = f.Seek(ctx, 0, 9); err == nil {
				t.Error("it moved to nowhere")
			}
			wantIs(t, int64(10))(f.Seek(ctx, 10, io.SeekStart))
			wantIs(t, 1)(f.WriteString(ctx, "x"))
			n, err := f.ReadAt(ctx, buf, 9)
			if n != 2 || !errors.Is(err, io.EOF) || string(buf[:2]) != "\x00x" {
				t.Errorf("read %d, %v, %q", n, err, buf)
			}
			if _, err := f.ReadAt(ctx, buf, -1); err == nil {
				t.Error("read before the start")
			}
			if _, err := f.WriteAt(ctx, buf, -1); err == nil {
				t.Error("wrote before the start")
			}
			wantIs(t, 2)(f.WriteAt(ctx, []byte("yz"), 12))
			testkit.Must(t, f.Sync(ctx))
			testkit.Must(t, f.Truncate(ctx, 13))
			if err := f.Truncate(ctx, -1); err == nil {
				t.Error("it is shorter than nothing")
			}
			if info, err := f.Stat(ctx); err != nil || info.Size() != 13 || info.IsDir() || !hasMode(info, 0o600) {
				t.Errorf("%v, %v", info, err)
			}
			wantIs(t, int64(0))(f.Seek(ctx, 0, io.SeekStart))
			data, err := f.ReadAll(ctx)
			if string(data) != "one\ntwo\n\x00\x00x\x00y" || err != nil {
				t.Errorf("%q, %v", data, err)
			}
			for name, call := range fileCalls(&f.File) {
				inCanceled(t, ctx, name, call)
			}
			testkit.Must(t, f.Close(ctx))
			for name, call := range fileCalls(&f.File) {
				if err := call(ctx); !errors.Is(err, anyio.ErrClosed) {
					t.Errorf("%s after Close: %v", name, err)
				}
			}
			if !f.Closed() {
				t.Error("it is not closed")
			}
		}
	})
}

func TestSpooledFileThatCannotRollOverKeepsItsContent(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		f := fileio.SpooledTempFile(4, fileio.TempOptions{Dir: string(folder(t).Join("none"))})
		wantIs(t, 4)(f.WriteString(ctx, "data"))
		_, err := f.WriteString(ctx, "x")
		testkit.WantErr(t, err, os.ErrNotExist)
		testkit.WantErr(t, f.Rollover(ctx), os.ErrNotExist)
		wantIs(t, int64(0))(f.Seek(ctx, 0, io.SeekStart))
		data, err := f.ReadAll(ctx)
		if string(data) != "data" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		testkit.Must(t, f.Close(ctx))
	})
}

func TestNamedTemporaryFileOutlivesItsClose(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, keep := range []bool{false, true} {
			var p fileio.Path
			err := fileio.WithNamedTempFile(ctx, fileio.TempOptions{Dir: t.TempDir(), Keep: keep}, func(ctx context.Context, f *fileio.File) error {
				p = fileio.NewPath(f.Name())
				if _, err := f.WriteString(ctx, "content"); err != nil {
					return err
				}
				if err := f.Close(ctx); err != nil {
					return err
				}
				wantContent(t, p, "content")
				wantIs(t, "content")(p.ReadText(ctx))
				return nil
			})
			testkit.WantNil(t, "WithNamedTempFile", err)
			if keep {
				wantContent(t, p, "content")
			} else {
				wantAbsent(t, p)
			}
		}
		var p fileio.Path
		ends := map[string]func(f *fileio.File) error{
			"error":   func(*fileio.File) error { return testkit.ErrBoom },
			"panic":   func(*fileio.File) error { panic("ouch") },
			"removed": func(f *fileio.File) error { return os.Remove(f.Name()) },
		}
		for name, end := range ends {
			var err error
			v := testkit.Recovered(func() {
				err = anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					return fileio.WithNamedTempFile(ctx, fileio.TempOptions{Dir: t.TempDir()}, func(ctx context.Context, f *fileio.File) error {
						p = fileio.NewPath(f.Name())
						scope.Cancel("does not keep it from being removed")
						return end(f)
					})
				})
			})
			if (v != nil) != (name == "panic") || (err == testkit.ErrBoom) != (name == "error") {
				t.Errorf("%s: %v, %v", name, v, err)
			}
			wantAbsent(t, p)
		}
	})
}
