package fileio_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestCopyOverItselfByALinkIsAnError(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := fileWith(t, "content")
		soft, hard := p.Parent().Join("soft"), p.Parent().Join("hard")
		testkit.Must(t, os.Symlink("file.txt", string(soft)))
		testkit.Must(t, os.Link(string(p), string(hard)))
		for _, same := range []fileio.Path{p, soft, hard} {
			testkit.WantErr(t, fileio.Copy(ctx, same, p, nil), fs.ErrExist)
			testkit.WantErr(t, fileio.Copy(ctx, p, same, nil), fs.ErrExist)
			_, err := p.Copy(ctx, same, fileio.CopyOptions{})
			testkit.WantErr(t, err, fs.ErrExist)
			wantContent(t, p, "content")
			wantIs(t, true)(same.Lexists(ctx))
		}
		_, err := fileio.MoveByCopy(p, ctx, hard) // as if mounted at two places
		testkit.WantErr(t, err, fs.ErrExist)
		wantContent(t, p, "content")
		wantContent(t, hard, "content")
	})
}

func TestCopyOntoAFolderLeavesIt(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "file", "folder/inside", "empty/")
		for _, to := range []string{"folder", "empty"} {
			if err := fileio.Copy(ctx, dir.Join(to), dir.Join("file"), nil); err == nil || errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("a file was copied onto a folder: %v", err)
			}
			if _, err := fileio.MoveByCopy(dir.Join("file"), ctx, dir.Join(to)); err == nil {
				t.Error("a file was moved onto a folder")
			}
			wantIs(t, true)(dir.Join(to).IsDir(ctx))
		}
		if err := fileio.Copy(ctx, dir.Join("new"), dir.Join("folder"), nil); err == nil {
			t.Error("a folder was copied as a file")
		}
		wantAbsent(t, dir.Join("new"))
		wantContent(t, dir.Join("file"), "file")
		wantList(t, collect(t, dir, dir.RGlob(ctx, "*")), "empty", "file", "folder", "folder/inside")
	})
}

func TestCopyThatFailsRemovesWhereALinkLeadsAndNotTheLink(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		src := fileWith(t, strings.Repeat("x", 5*mebibyte))
		dir := src.Parent()
		testkit.Must(t, os.Symlink("target", string(dir.Join("link"))))
		fail := func(while func()) {
			t.Helper()
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				return fileio.Copy(ctx, dir.Join("link"), src, func(done, total int64) {
					s.Cancel("test")
					while()
				})
			})
			testkit.Must(t, err)
		}
		write(t, dir.Join("target"), "old")
		fail(func() {})
		wantAbsent(t, dir.Join("target"))
		wantIs(t, fileio.Path("target"))(dir.Join("link").Readlink(ctx))
		if runtime.GOOS == "windows" {
			return // an open file cannot be replaced there
		}
		fail(func() {
			testkit.Must(t, os.Remove(string(dir.Join("target"))))
			write(t, dir.Join("target"), "of somebody else")
		})
		wantContent(t, dir.Join("target"), "of somebody else")
	})
}

func TestCopyTakesAlongWhatIsAppendedMeanwhile(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		content := strings.Repeat("0123456789abcdef", 4*mebibyte/16)
		src := fileWith(t, content)
		dst := src.Parent().Join("copy")
		pieces := 0
		testkit.Must(t, fileio.Copy(ctx, dst, src, func(done, total int64) {
			if pieces++; pieces > 1 {
				if done != total {
					t.Errorf("%d bytes are done of %d", done, total)
				}
				return
			}
			f, err := os.OpenFile(string(src), os.O_WRONLY|os.O_APPEND, 0)
			testkit.Must(t, err)
			_, err = f.WriteString("more")
			testkit.Must(t, errors.Join(err, f.Close()))
		}))
		wantContent(t, dst, content+"more")
		if pieces != 2 {
			t.Errorf("%d pieces were told, want 2", pieces)
		}
	})
}

func TestCopyOfALinkKeepsItThoughItLeadsToWhereItGoes(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "folder/file")
		testkit.Must(t, os.Symlink("folder", string(dir.Join("link"))))
		keep := fileio.CopyOptions{KeepSymlinks: true}
		wantIs(t, dir.Join("folder/copy"))(dir.Join("link").Copy(ctx, dir.Join("folder/copy"), keep))
		wantIs(t, fileio.Path("folder"))(dir.Join("folder/copy").Readlink(ctx))
		if _, err := dir.Join("link").Copy(ctx, dir.Join("folder/other"), fileio.CopyOptions{}); err == nil {
			t.Error("a folder was copied into itself by a link")
		}
		wantAbsent(t, dir.Join("folder/other"))
	})
}
