package fileio_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

const mebibyte = 1 << 20

func TestCopyTellsItsProgress(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, size := range []int{0, 5, 4 * mebibyte, 9*mebibyte + 1} {
			content := strings.Repeat("0123456789abcdef", size/16+1)[:size]
			src := fileWith(t, content)
			testkit.Must(t, os.Chmod(string(src), 0o600))
			dst := src.Parent().Join("copy")
			last := int64(-1)
			testkit.Must(t, fileio.Copy(ctx, dst, src, func(done, total int64) {
				if done <= last || total != int64(size) {
					t.Errorf("%d of %d bytes are done after %d", done, total, last)
				}
				last = done
			}))
			if last != int64(size) {
				t.Errorf("%d of %d bytes were told", last, size)
			}
			got, err := os.ReadFile(string(dst))
			if string(got) != content || err != nil {
				t.Errorf("copied %d bytes, %v, want %d", len(got), err, size)
			}
			if info, err := dst.Stat(ctx); err != nil || !hasMode(info, 0o600) {
				t.Errorf("%v, %v: permissions were not copied", info, err)
			}
			testkit.WantErr(t, fileio.Copy(ctx, src.Parent().Join(".", "file.txt"), src, nil), fs.ErrExist)
			wantContent(t, src, content)
		}
	})
}

func TestCopyThatIsCanceledLeavesNothing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		src := fileWith(t, strings.Repeat("x", 9*mebibyte))
		dst := src.Parent().Join("copy")
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			steps := 0
			err := fileio.Copy(ctx, dst, src, func(done, total int64) {
				s.Cancel("between two pieces")
				steps++
			})
			testkit.WantErr(t, err, anyio.ErrCanceled)
			if steps != 1 {
				t.Errorf("%d pieces were copied", steps)
			}
			return err
		})
		testkit.Must(t, err)
		wantAbsent(t, dst)
		func() {
			defer func() {
				if v := recover(); v != "boom" {
					t.Errorf("recovered %v", v)
				}
			}()
			_ = fileio.Copy(ctx, dst, src, func(int64, int64) { panic("boom") })
		}()
		wantAbsent(t, dst)
		testkit.WantErr(t, fileio.Copy(ctx, dst, src.Parent().Join("none"), nil), fs.ErrNotExist)
		wantAbsent(t, dst)
		inCanceled(t, ctx, "Copy", func(ctx context.Context) error { return fileio.Copy(ctx, dst, src, nil) })
		wantAbsent(t, dst)
	})
}

// What is not whole is the file that a link leads to, not the link.
func TestCopyThroughALinkLeavesNoHalfFile(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		src := fileWith(t, strings.Repeat("x", 9*mebibyte))
		dir := tree(t, "sub/")
		dst := dir.Join("link")
		testkit.Must(t, os.Symlink("sub/file", string(dst)))
		for round := range 3 {
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				return fileio.Copy(ctx, dst, src, func(done, total int64) {
					switch round {
					case 1:
						s.Cancel("between two pieces")
					case 2: // by somebody else, who is not hurt
						testkit.Must(t, os.Rename(string(dir.Join("sub/file")), string(dir.Join("sub/half"))))
						write(t, dir.Join("sub/file"), "theirs")
						s.Cancel("between two pieces")
					}
				})
			})
			testkit.Must(t, err)
			wantIs(t, fileio.Path("sub/file"))(dst.Readlink(ctx))
			switch round {
			case 0:
				wantIs(t, true)(dir.Join("sub/file").IsFile(ctx))
			case 1:
				wantAbsent(t, dir.Join("sub/file"))
			case 2:
				wantContent(t, dir.Join("sub/file"), "theirs")
			}
		}
	})
}

func TestFoldersAreCopied(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "from/a", "from/sub/b", "from/empty/")
		from := dir.Join("from")
		testkit.Must(t, os.Symlink("a", string(from.Join("link"))))
		old := time.Now().Add(-time.Hour).Truncate(time.Second)
		testkit.Must(t, os.Chtimes(string(from.Join("a")), old, old))
		testkit.Must(t, os.Chmod(string(from.Join("a")), 0o640))

		var told []string
		wantIs(t, dir.Join("to"))(from.Copy(ctx, dir.Join("to"), fileio.CopyOptions{
			Progress: func(p fileio.Path, done, total int64) { told = append(told, p.Name()) },
		}))
		wantList(t, told, "a", "link", "b")
		wantContent(t, dir.Join("to/sub/b"), "from/sub/b")
		wantIs(t, true)(dir.Join("to/empty").IsDir(ctx))
		wantIs(t, false)(dir.Join("to/link").IsSymlink(ctx))
		_, err := from.Copy(ctx, dir.Join("to"), fileio.CopyOptions{})
		testkit.WantErr(t, err, fs.ErrExist)

		exact := fileio.CopyOptions{KeepSymlinks: true, PreserveMetadata: true}
		testkit.Must(t, dir.Join("into").Mkdir(ctx, fileio.MkdirOptions{}))
		wantIs(t, dir.Join("into/from"))(from.CopyInto(ctx, dir.Join("into"), exact))
		wantIs(t, fileio.Path("a"))(dir.Join("into/from/link").Readlink(ctx))
		if info, err := dir.Join("into/from/a").Stat(ctx); err != nil || !info.ModTime().Equal(old) || !hasMode(info, 0o640) {
			t.Errorf("%v, %v", info, err)
		}
		for _, inside := range []string{"from", "from/x", "from/sub/x"} {
			if _, err := from.Copy(ctx, dir.Join(inside), fileio.CopyOptions{}); err == nil {
				t.Errorf("a folder was copied to %s", inside)
			}
		}
		_, err = fileio.Path("/").CopyInto(ctx, dir, exact)
		testkit.WantErr(t, err, fs.ErrInvalid)
		testkit.Must(t, os.Symlink("..", string(from.Join("sub/up"))))
		if _, err := from.Copy(ctx, dir.Join("endless"), fileio.CopyOptions{}); err == nil {
			t.Error("a folder with a link to itself was copied through it")
		}
		if _, err := fileio.Path("/dev/null").Copy(ctx, dir.Join("null"), fileio.CopyOptions{}); err == nil {
			t.Error("a device was copied")
		}
	})
}

func TestFilesAndFoldersAreMoved(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		type move = func(fileio.Path, context.Context, fileio.Path) (fileio.Path, error)
		for _, m := range []move{fileio.Path.Move, fileio.MoveByCopy} {
			dir := tree(t, "from/a", "from/sub/b", "file", "into/")
			wantIs(t, dir.Join("to"))(m(dir.Join("from"), ctx, dir.Join("to")))
			wantAbsent(t, dir.Join("from"))
			wantContent(t, dir.Join("to/sub/b"), "from/sub/b")
			wantIs(t, dir.Join("to/a"))(m(dir.Join("file"), ctx, dir.Join("to/a")))
			wantAbsent(t, dir.Join("file"))
			wantContent(t, dir.Join("to/a"), "file")
			_, err := m(dir.Join("none"), ctx, dir.Join("x"))
			testkit.WantErr(t, err, fs.ErrNotExist)
			wantIs(t, dir.Join("into/to"))(dir.Join("to").MoveInto(ctx, dir.Join("into")))
			_, err = m(dir.Join("into"), ctx, dir.Join("into/to/x"))
			if err == nil || errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("a folder was moved into itself: %v", err)
			}
			wantContent(t, dir.Join("into/to/a"), "file")
		}
		_, err := fileio.Path("/").MoveInto(ctx, folder(t))
		testkit.WantErr(t, err, fs.ErrInvalid)
	})
}
