package fileio_test

import (
	"context"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
	"golang.org/x/sys/unix"
)

const gibibyte = 1 << 30

// takes is how many bytes a file takes on the disk.
func takes(t *testing.T, p fileio.Path) int64 {
	t.Helper()
	info, err := os.Stat(string(p))
	testkit.Must(t, err)
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}

func TestCopyKeepsHoles(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct {
			name string
			size int64
			data map[int64]string // by offset
		}{
			{"nothing but a hole", 10 * gibibyte, nil},
			{"data at the begin", 10 * gibibyte, map[int64]string{0: "begin"}},
			{"data at the end", 10*gibibyte + 4, map[int64]string{10 * gibibyte: "last"}},
			{"data between", 3 * gibibyte, map[int64]string{1<<20 + 7: "here", 2 * gibibyte: "there"}},
		} {
			dir := folder(t)
			src, dst := dir.Join("src"), dir.Join("dst")
			f, err := os.Create(string(src))
			testkit.Must(t, err)
			testkit.Must(t, f.Truncate(c.size))
			for offset, text := range c.data {
				_, err := f.WriteAt([]byte(text), offset)
				testkit.Must(t, err)
			}
			_, err = f.Seek(c.size/2, unix.SEEK_DATA)
			testkit.Must(t, f.Close())
			if takes(t, src) > gibibyte || err == nil && len(c.data) < 2 && c.data[c.size-4] == "" {
				t.Skip("this file system knows no holes")
			}
			last := int64(0)
			testkit.Must(t, fileio.Copy(ctx, dst, src, func(done, total int64) {
				if done <= last || total != c.size {
					t.Errorf("%s: %d of %d bytes are done after %d", c.name, done, total, last)
				}
				last = done
			}))
			if last != c.size {
				t.Errorf("%s: %d bytes were told, want %d", c.name, last, c.size)
			}
			f, err = os.Open(string(dst))
			testkit.Must(t, err)
			if info, err := f.Stat(); err != nil || info.Size() != c.size {
				t.Errorf("%s: %v, %v, want %d bytes", c.name, info, err, c.size)
			}
			for offset, text := range c.data {
				got := make([]byte, len(text))
				if _, err := f.ReadAt(got, offset); string(got) != text || err != nil {
					t.Errorf("%s: %q at %d, %v, want %q", c.name, got, offset, err, text)
				}
			}
			testkit.Must(t, f.Close())
			if n := takes(t, dst); n > mebibyte {
				t.Errorf("%s: the copy takes %d bytes on the disk", c.name, n)
			}
		}
	})
}

func TestCopyOfAFileWithHolesIsTheSame(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		src := folder(t).Join("src")
		f, err := os.Create(string(src))
		testkit.Must(t, err)
		want := make([]byte, 24*mebibyte+9)
		for i := 0; i+8192 < len(want); i += 3 * 8192 {
			n := copy(want[i:], "a piece of text")
			_, err := f.WriteAt(want[i:i+n], int64(i))
			testkit.Must(t, err)
		}
		testkit.Must(t, f.Truncate(int64(len(want))))
		testkit.Must(t, f.Close())
		dst := src.Parent().Join("dst")
		write(t, dst, "what is not to be seen any more")
		testkit.Must(t, fileio.Copy(ctx, dst, src, nil))
		wantContent(t, dst, string(want))

		testkit.Must(t, os.Truncate(string(src), 0)) // a hole, and more than one piece of data
		f, err = os.OpenFile(string(src), os.O_WRONLY, 0)
		testkit.Must(t, err)
		_, err = f.WriteAt(want[:9*mebibyte], mebibyte)
		testkit.Must(t, err)
		testkit.Must(t, f.Close())
		var told []int64
		testkit.Must(t, fileio.Copy(ctx, dst, src, func(done, total int64) { told = append(told, done/mebibyte) }))
		wantList(t, told, 5, 9, 10)
		wantContent(t, dst, string(make([]byte, mebibyte))+string(want[:9*mebibyte]))
	})
}

// otherFileSystem is a folder on another file system than the test's own.
func otherFileSystem(t *testing.T) fileio.Path {
	t.Helper()
	var here, there syscall.Stat_t
	testkit.Must(t, syscall.Stat(t.TempDir(), &here))
	if err := syscall.Stat("/dev/shm", &there); err != nil || here.Dev == there.Dev {
		t.Skip("there is no second file system")
	}
	dir, err := os.MkdirTemp("/dev/shm", "fileio")
	if err != nil {
		t.Skip(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return fileio.Path(dir)
}

func TestMoveToAnotherFileSystem(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir, other := tree(t, "from/a", "from/closed/b", "file"), otherFileSystem(t)
		testkit.Must(t, os.Symlink("a", string(dir.Join("from/link"))))
		old := time.Now().Add(-time.Hour).Truncate(time.Second)
		testkit.Must(t, os.Chtimes(string(dir.Join("from/a")), old, old))
		testkit.Must(t, os.Chmod(string(dir.Join("from/a")), 0o640))
		testkit.Must(t, os.Chmod(string(dir.Join("from/closed")), 0o500))
		testkit.Must(t, os.Chmod(string(dir.Join("from")), 0o500))
		to := other.Join("to")
		wantIs(t, to)(dir.Join("from").Move(ctx, to))
		wantAbsent(t, dir.Join("from"))
		wantContent(t, to.Join("closed/b"), "from/closed/b")
		wantIs(t, fileio.Path("a"))(to.Join("link").Readlink(ctx))
		if info, err := to.Join("a").Stat(ctx); err != nil || !info.ModTime().Equal(old) || info.Mode() != 0o640 {
			t.Errorf("%v, %v", info, err)
		}
		if info, err := to.Stat(ctx); err != nil || info.Mode().Perm() != 0o500 {
			t.Errorf("%v, %v", info, err)
		}
		write(t, other.Join("file"), "old")
		wantIs(t, other.Join("file"))(dir.Join("file").Move(ctx, other.Join("file")))
		wantContent(t, other.Join("file"), "file")
		wantAbsent(t, dir.Join("file"))
		wantList(t, collect(t, other, other.Children(ctx)), "file", "to")
		testkit.Must(t, os.Chmod(string(to), 0o700))
		testkit.Must(t, os.Chmod(string(to.Join("closed")), 0o700))
	})
}

func TestMoveToAnotherFileSystemThatFailsLeavesBothAsTheyWere(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir, other := tree(t, "from/a", "from/b"), otherFileSystem(t)
		testkit.Must(t, syscall.Mkfifo(string(dir.Join("from/c")), 0o600))
		write(t, other.Join("to"), "old")
		if _, err := dir.Join("from").Move(ctx, other.Join("new")); err == nil {
			t.Error("a FIFO was moved to another file system")
		}
		if _, err := dir.Join("from/a").Move(ctx, other.Join("none/to")); err == nil {
			t.Error("a file was moved to where is no folder")
		}
		wantList(t, collect(t, other, other.Children(ctx)), "to")
		wantList(t, collect(t, dir, dir.Join("from").Children(ctx)), "from/a", "from/b", "from/c")

		inCanceled(t, ctx, "Move", func(ctx context.Context) error {
			_, err := fileio.MoveByCopy(dir.Join("from/a"), ctx, other.Join("to"))
			return err
		})
		wantContent(t, other.Join("to"), "old")
		wantContent(t, dir.Join("from/a"), "from/a")
	})
}
