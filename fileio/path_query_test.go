package fileio_test

import (
	"context"
	"errors"
	"net"
	"os"
	"os/user"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestQuestionsAboutPaths(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "file", "sub/")
		testkit.Must(t, os.Symlink("file", string(dir.Join("link"))))
		testkit.Must(t, os.Symlink("sub", string(dir.Join("dirlink"))))
		testkit.Must(t, os.Symlink("none", string(dir.Join("broken"))))
		testkit.Must(t, os.Symlink("loop", string(dir.Join("loop"))))
		type question = func(fileio.Path, context.Context) (bool, error)
		ask := func(name string, q question, yes ...string) {
			t.Helper()
			for _, n := range []string{"file", "sub", "link", "dirlink", "broken", "loop", "none", "file/none"} {
				want := false
				for _, y := range yes {
					want = want || y == n
				}
				if got, err := q(dir.Join(n), ctx); got != want || err != nil {
					t.Errorf("%s of %s: %v, %v, want %v", name, n, got, err, want)
				}
				inCanceled(t, ctx, name, func(ctx context.Context) error { _, err := q(dir.Join(n), ctx); return err })
			}
		}
		ask("Exists", fileio.Path.Exists, "file", "sub", "link", "dirlink")
		ask("Lexists", fileio.Path.Lexists, "file", "sub", "link", "dirlink", "broken", "loop")
		ask("IsDir", fileio.Path.IsDir, "sub", "dirlink")
		ask("IsFile", fileio.Path.IsFile, "file", "link")
		ask("IsDirNoFollow", fileio.Path.IsDirNoFollow, "sub")
		ask("IsFileNoFollow", fileio.Path.IsFileNoFollow, "file")
		ask("IsSymlink", fileio.Path.IsSymlink, "link", "dirlink", "broken", "loop")
		ask("IsJunction", fileio.Path.IsJunction)
		ask("IsMount", fileio.Path.IsMount)
		ask("IsBlockDevice", fileio.Path.IsBlockDevice)
		ask("IsCharDevice", fileio.Path.IsCharDevice)
		ask("IsFIFO", fileio.Path.IsFIFO)
		ask("IsSocket", fileio.Path.IsSocket)
		wantIs(t, true)(fileio.Path("/").IsMount(ctx))
		wantIs(t, true)(dir.Join("file").SameFile(ctx, dir.Join("link")))
		wantIs(t, false)(dir.Join("file").SameFile(ctx, dir))
		_, err := dir.Join("file").SameFile(ctx, dir.Join("none"))
		testkit.WantErr(t, err, os.ErrNotExist)
		if info, err := dir.Join("link").Lstat(ctx); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Errorf("%v, %v", info, err)
		}
		if info, err := dir.Join("link").Stat(ctx); err != nil || info.Size() != 4 {
			t.Errorf("%v, %v", info, err)
		}
		wantIs(t, fileio.Path("none"))(dir.Join("broken").Readlink(ctx))
		_, err = dir.Join("file").Readlink(ctx)
		if err == nil {
			t.Error("a file is read as a link")
		}
	})
}

func TestDevicesAndSocketsAreKnown(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the paths are those of POSIX")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		wantIs(t, true)(fileio.Path("/dev/null").IsCharDevice(ctx))
		wantIs(t, false)(fileio.Path("/dev/null").IsBlockDevice(ctx))
		wantIs(t, false)(fileio.Path("/dev/null").IsFile(ctx))
		dir, err := fileio.OpenTempDirectory(ctx, fileio.TempOptions{}) // its path is short enough
		testkit.Must(t, err)
		defer dir.Close(ctx)
		s := dir.Path().Join("s")
		l, err := net.Listen("unix", string(s))
		testkit.Must(t, err)
		wantIs(t, true)(s.IsSocket(ctx))
		wantIs(t, false)(s.IsFIFO(ctx))
		testkit.Must(t, l.Close())
	})
}

func TestResolveFollowsLinks(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir, err := tree(t, "a/b/file").EvalSymlinks(ctx)
		testkit.Must(t, err)
		link := func(to, at string) { testkit.Must(t, os.Symlink(to, string(dir.Join(at)))) }
		link("a/b", "short")
		link("../short/file", "a/back")
		link(string(dir.Join("a")), "abs")
		link("loop2", "loop")
		link("loop", "loop2")
		for _, c := range [][2]string{
			{"a/b/file", "a/b/file"}, {"short/file", "a/b/file"}, {"a/back", "a/b/file"}, {"abs/b", "a/b"},
			{"short/..", "a"}, {"short/../../a/./b", "a/b"}, {"a/../a", "a"},
		} {
			wantIs(t, dir.Join(c[1]))(dir.Join(c[0]).EvalSymlinks(ctx))
			wantIs(t, dir.Join(c[1]))(dir.Join(c[0]).Resolve(ctx))
		}
		wantIs(t, dir.Join("a/b/none/x"))(dir.Join("short/none/x").Resolve(ctx))
		_, err = dir.Join("short/none").EvalSymlinks(ctx)
		testkit.WantErr(t, err, os.ErrNotExist)
		_, err = dir.Join("loop/x").EvalSymlinks(ctx)
		if err == nil {
			t.Error("a loop resolves")
		}
		if p, err := dir.Join("loop/x").Resolve(ctx); err != nil || p.Name() != "x" {
			t.Errorf("%v, %v", p, err)
		}
		wantIs(t, fileio.Path("/"))(fileio.Path("/..").EvalSymlinks(ctx))
	})
}

func TestPlacesOfTheUser(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		cwd, err := os.Getwd()
		testkit.Must(t, err)
		home, err := os.UserHomeDir()
		testkit.Must(t, err)
		wantIs(t, fileio.Path(cwd))(fileio.Cwd(ctx))
		wantIs(t, fileio.Path(home))(fileio.Home(ctx))
		wantIs(t, fileio.NewPath(cwd, "a/../b"))(fileio.Path("a/../b").Absolute(ctx))
		wantIs(t, fileio.NewPath(cwd))(fileio.Path("").Absolute(ctx))
		wantIs(t, fileio.NewPath(fileio.Path(cwd).Anchor(), "x"))(fileio.Path("/x/.").Absolute(ctx))
		wantIs(t, fileio.NewPath(home, "x"))(fileio.Path("~/x").ExpandUser(ctx))
		wantIs(t, fileio.Path("x/~"))(fileio.Path("x/~").ExpandUser(ctx))
		_, err = fileio.Path("~no such user/x").ExpandUser(ctx)
		if err == nil {
			t.Error("the folder of nobody")
		}
		inCanceled(t, ctx, "ExpandUser", func(ctx context.Context) error { _, err := fileio.Path("x").ExpandUser(ctx); return err })
		me, err := user.Current()
		testkit.Must(t, err)
		p := fileWith(t, "")
		if me.Username == "" || runtime.GOOS == "windows" {
			return
		}
		wantIs(t, me.Username)(p.Owner(ctx))
		if g, err := user.LookupGroupId(me.Gid); err == nil {
			wantIs(t, g.Name)(p.Group(ctx))
		}
		_, err = p.Join("none").Owner(ctx)
		if err == nil || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("error %v", err)
		}
	})
}
