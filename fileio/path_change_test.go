package fileio_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func TestFoldersAreMadeAndRemoved(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		deep := dir.Join("a/b/c")
		testkit.WantErr(t, deep.Mkdir(ctx, fileio.MkdirOptions{}), fs.ErrNotExist)
		testkit.Must(t, deep.Mkdir(ctx, fileio.MkdirOptions{Parents: true}))
		testkit.WantErr(t, deep.Mkdir(ctx, fileio.MkdirOptions{}), fs.ErrExist)
		testkit.WantErr(t, deep.Mkdir(ctx, fileio.MkdirOptions{Parents: true}), fs.ErrExist)
		testkit.Must(t, deep.Mkdir(ctx, fileio.MkdirOptions{ExistOK: true}))
		write(t, dir.Join("file"), "")
		testkit.WantErr(t, dir.Join("file").Mkdir(ctx, fileio.MkdirOptions{ExistOK: true}), fs.ErrExist)
		if err := dir.Join("a").RemoveDir(ctx); err == nil {
			t.Error("a folder that is not empty was removed")
		}
		testkit.WantErr(t, dir.Join("file").RemoveDir(ctx), syscall.ENOTDIR)
		inCanceled(t, ctx, "Rmdir", deep.RemoveDir)
		testkit.Must(t, deep.RemoveDir(ctx))
		wantAbsent(t, deep)
		testkit.WantErr(t, deep.RemoveDir(ctx), fs.ErrNotExist)
		inCanceled(t, ctx, "Mkdir", func(ctx context.Context) error { return deep.Mkdir(ctx, fileio.MkdirOptions{}) })
		wantAbsent(t, deep)
	})
}

func TestFilesAreTouchedRenamedAndRemoved(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("file")
		testkit.Must(t, p.TouchNew(ctx))
		testkit.WantErr(t, p.TouchNew(ctx), fs.ErrExist)
		old := time.Now().Add(-time.Hour)
		testkit.Must(t, os.Chtimes(string(p), old, old))
		testkit.Must(t, p.Touch(ctx))
		if info, err := p.Stat(ctx); err != nil || !info.ModTime().After(old) {
			t.Errorf("%v, %v", info, err)
		}
		q := p.Parent().Join("other")
		wantIs(t, q)(p.Rename(ctx, q))
		wantAbsent(t, p)
		testkit.Must(t, p.Touch(ctx))
		testkit.Must(t, p.WriteBytes(ctx, []byte("new")))
		wantIs(t, q)(p.Replace(ctx, q))
		wantContent(t, q, "new")
		_, err := p.Rename(ctx, q)
		testkit.WantErr(t, err, fs.ErrNotExist)
		inCanceled(t, ctx, "Unlink", q.Remove)
		testkit.WantErr(t, q.Parent().Remove(ctx), syscall.EISDIR)
		testkit.Must(t, q.Remove(ctx))
		testkit.WantErr(t, q.Remove(ctx), fs.ErrNotExist)
		testkit.Must(t, q.RemoveIfExists(ctx))
	})
}

func TestLinksAreMade(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := fileWith(t, "x")
		soft, hard := p.Parent().Join("soft"), p.Parent().Join("hard")
		testkit.Must(t, soft.SymlinkTo(ctx, "file.txt"))
		testkit.Must(t, hard.LinkTo(ctx, p))
		wantContent(t, soft, "x")
		wantIs(t, true)(hard.SameFile(ctx, p))
		testkit.WantErr(t, soft.SymlinkTo(ctx, p), fs.ErrExist)
		testkit.WantErr(t, hard.LinkTo(ctx, p), fs.ErrExist)
		for i, change := range []func(ctx context.Context, mode fs.FileMode) error{soft.Chmod, p.Chmod, p.Lchmod} {
			mode := fs.FileMode(0o600 + i)
			testkit.Must(t, change(ctx, mode))
			if info, err := p.Stat(ctx); err != nil || runtime.GOOS != "windows" && info.Mode() != mode {
				t.Errorf("%v, %v, want %v", info.Mode(), err, mode)
			}
		}
		if err := soft.Lchmod(ctx, 0o777); err != nil && !errors.Is(err, errors.ErrUnsupported) {
			t.Errorf("permissions of a link: %v", err)
		}
		testkit.WantErr(t, p.Join("none").Parent().Parent().Join("no").Chmod(ctx, 0), fs.ErrNotExist)
	})
}

func TestNoPermissionIsToldAsSuch(t *testing.T) {
	if os.Geteuid() <= 0 {
		t.Skip("root may do everything, and Windows has other permissions")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "closed/file")
		closed := dir.Join("closed")
		testkit.Must(t, os.Chmod(string(closed), 0))
		defer os.Chmod(string(closed), 0o700)
		_, err := closed.Join("file").Exists(ctx)
		testkit.WantErr(t, err, fs.ErrPermission)
		_, err = closed.Join("file").ReadBytes(ctx)
		testkit.WantErr(t, err, fs.ErrPermission)
		told := 0
		for f, err := range dir.Walk(ctx, fileio.WalkOptions{OnError: func(_ context.Context, p fileio.Path, err error) error {
			told++
			testkit.WantErr(t, err, fs.ErrPermission)
			return nil
		}}) {
			if err != nil || f.Path != dir {
				t.Errorf("%v, %v", f, err)
			}
		}
		if told != 1 {
			t.Errorf("told %d times", told)
		}
	})
}

func TestContentIsReadAndWrittenAtOnce(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("file")
		testkit.Must(t, p.WriteBytes(ctx, []byte("0123456789")))
		testkit.Must(t, p.WriteBytes(ctx, []byte("abc\r\n")))
		data, err := p.ReadBytes(ctx)
		if string(data) != "abc\r\n" || err != nil {
			t.Errorf("%q, %v", data, err)
		}
		buf := make([]byte, 5)
		wantIs(t, 5)(p.ReadInto(ctx, buf))
		if n, err := p.ReadInto(ctx, buf[:4]); n != 4 || !errors.Is(err, io.ErrShortBuffer) || string(buf[:4]) != "abc\r" {
			t.Errorf("%d, %v, %q", n, err, buf)
		}
		inCanceled(t, ctx, "WriteBytes", func(ctx context.Context) error { return p.WriteBytes(ctx, nil) })
		wantContent(t, p, "abc\r\n")
		_, err = p.Join("x").ReadInto(ctx, buf)
		if err == nil {
			t.Error("what is not there was read")
		}
	})
}

func TestTextIsReadAndWrittenInItsEncoding(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("file")
		testkit.Must(t, p.WriteText(ctx, "grüße\r\n"))
		wantContent(t, p, "grüße\r\n")
		wantIs(t, "grüße\r\n")(p.ReadText(ctx))
		testkit.Must(t, p.WriteText(ctx, "grüße", stream.Encoding("iso-8859-1")))
		wantContent(t, p, "gr\xfc\xdfe")
		wantIs(t, "grüße")(p.ReadText(ctx, stream.Encoding("iso-8859-1")))
		var de *stream.DecodeError
		if _, err := p.ReadText(ctx); !errors.As(err, &de) {
			t.Errorf("error %v, want a *stream.DecodeError", err)
		}
		wantIs(t, "gre")(p.ReadText(ctx, stream.OnTextError(stream.Ignore)))
		var ee *stream.EncodeError
		if err := p.WriteText(ctx, "€", stream.Encoding("iso-8859-1")); !errors.As(err, &ee) {
			t.Errorf("error %v, want a *stream.EncodeError", err)
		}
		wantContent(t, p, "gr\xfc\xdfe")
		long := strings.Repeat("ü", 100_000)
		testkit.Must(t, p.WriteText(ctx, long, stream.Encoding("utf-16")))
		wantIs(t, long)(p.ReadText(ctx, stream.Encoding("utf-16")))
		testkit.Must(t, p.WriteText(ctx, ""))
		wantIs(t, "")(p.ReadText(ctx))
		if err := p.WriteText(ctx, "x", stream.Encoding("klingon")); err == nil || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("error %v", err)
		}
	})
}
