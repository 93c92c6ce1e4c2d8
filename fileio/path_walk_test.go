package fileio_test

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// collect lists paths as seen from a folder.
func collect(t *testing.T, dir fileio.Path, paths iter.Seq2[fileio.Path, error]) (all []string) {
	t.Helper()
	for p, err := range paths {
		testkit.Must(t, err)
		rel, err := p.RelativeTo(dir)
		testkit.Must(t, err)
		all = append(all, filepath.ToSlash(string(rel)))
	}
	return all
}

func TestChildrenListsAFolder(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "b", "a/x", ".hidden", "c")
		wantList(t, collect(t, dir, dir.Children(ctx)), ".hidden", "a", "b", "c")
		for _, err := range dir.Join("none").Children(ctx) {
			testkit.WantErr(t, err, fs.ErrNotExist)
		}
		entries, err := dir.ReadDir(ctx)
		if err != nil || len(entries) != 4 || !entries[1].IsDir() {
			t.Errorf("%v, %v", entries, err)
		}
		stopsWhenCanceled(t, ctx, "Children", func(ctx context.Context) iter.Seq2[fileio.Path, error] { return dir.Children(ctx) })
	})
}

// stopsWhenCanceled cancels between two items.
func stopsWhenCanceled[T any](t *testing.T, ctx context.Context, name string, items func(ctx context.Context) iter.Seq2[T, error]) {
	t.Helper()
	steps := 0
	var last error
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		for _, err := range items(ctx) {
			s.Cancel("between two items")
			steps, last = steps+1, err
		}
		return last
	})
	testkit.Must(t, err)
	if steps != 2 || !errors.Is(last, anyio.ErrCanceled) {
		t.Errorf("%s: %d steps after a cancellation in the first, then %v", name, steps, last)
	}
}

func TestGlobFindsWhatMatches(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "a.go", "b.txt", ".hidden.go", "sub/c.go", "sub/deep/D.go", "sub/deep/e.txt", "empty/")
		testkit.Must(t, os.Symlink("sub", string(dir.Join("link"))))
		testkit.Must(t, os.Symlink("..", string(dir.Join("sub/up"))))
		testkit.Must(t, os.Symlink("none", string(dir.Join("broken"))))
		find := func(pattern string, want []string, opts ...fileio.MatchOption) {
			t.Helper()
			got := collect(t, dir, dir.Glob(ctx, pattern, opts...))
			if strings.Join(got, " ") != strings.Join(want, " ") {
				t.Errorf("%q finds %q, want %q", pattern, got, want)
			}
		}
		find("*.go", []string{".hidden.go", "a.go"})
		find("?.*", []string{"a.go", "b.txt"})
		find("*/*.go", []string{"link/c.go", "sub/c.go"})
		find("sub/c.go", []string{"sub/c.go"})
		find("sub/none", nil)
		find("broken", []string{"broken"})
		find("broken/", nil)
		find("s*/", []string{"sub"})
		find("**/*.go", []string{".hidden.go", "a.go", "sub/c.go", "sub/deep/D.go"})
		find("**/", []string{".", "empty", "sub", "sub/deep"})
		find("**", []string{".", ".hidden.go", "a.go", "b.txt", "broken", "empty", "link", "sub", "sub/c.go", "sub/deep", "sub/deep/D.go", "sub/deep/e.txt", "sub/up"})
		find("**/deep/**/*.txt", []string{"sub/deep/e.txt"})
		find("**/d.go", []string{"sub/deep/D.go"}, fileio.IgnoreCase())
		find("**/c.go", []string{"link/c.go", "sub/c.go"}, fileio.RecurseSymlinks())
		wantList(t, collect(t, dir, dir.RGlob(ctx, "*.txt")), "b.txt", "sub/deep/e.txt")
		for _, pattern := range []string{"", "/x", "."} {
			for p, err := range dir.Glob(ctx, pattern) {
				testkit.WantErr(t, err, fs.ErrInvalid)
				if p != "" {
					t.Errorf("%q finds %q", pattern, p)
				}
			}
		}
		for _, err := range dir.RGlob(ctx, "/x") {
			testkit.WantErr(t, err, fs.ErrInvalid)
		}
		if got := collect(t, dir, dir.Join("none").Glob(ctx, "*")); got != nil {
			t.Errorf("found %q in a folder that is not there", got)
		}
		for range dir.Glob(ctx, "**") {
			break
		}
		stopsWhenCanceled(t, ctx, "Glob", func(ctx context.Context) iter.Seq2[fileio.Path, error] { return dir.Glob(ctx, "**/*") })
	})
}

// walked lists folders with what is in them.
func walked(t *testing.T, dir fileio.Path, steps iter.Seq2[*fileio.Folder, error]) (all []string) {
	t.Helper()
	for f, err := range steps {
		testkit.Must(t, err)
		rel, err := f.Path.RelativeTo(dir)
		testkit.Must(t, err)
		all = append(all, filepath.ToSlash(string(rel))+": "+strings.Join(f.Dirs, ",")+" | "+strings.Join(f.Files, ","))
	}
	return all
}

func TestWalkGoesThroughAllFolders(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "a/x", "a/deep/y", "b/z", "top")
		testkit.Must(t, os.Symlink("../a", string(dir.Join("b/link"))))
		testkit.Must(t, os.Symlink("../..", string(dir.Join("a/deep/loop"))))
		testkit.Must(t, os.Symlink("self", string(dir.Join("b/self"))))
		wantList(t, walked(t, dir, dir.Walk(ctx, fileio.WalkOptions{})),
			".: a,b | top", "a: deep | x", "a/deep:  | loop,y", "b:  | link,self,z")
		wantList(t, walked(t, dir, dir.Walk(ctx, fileio.WalkOptions{BottomUp: true})),
			"a/deep:  | loop,y", "a: deep | x", "b:  | link,self,z", ".: a,b | top")
		wantList(t, walked(t, dir, dir.Walk(ctx, fileio.WalkOptions{FollowSymlinks: true})),
			".: a,b | top", "a: deep | x", "a/deep: loop | y", "b: link | self,z", "b/link: deep | x", "b/link/deep: loop | y")
		seen := []string{}
		for f, err := range dir.Walk(ctx, fileio.WalkOptions{}) {
			testkit.Must(t, err)
			seen = append(seen, f.Path.Name())
			if f.Path == dir {
				f.Dirs = f.Dirs[1:]
			}
		}
		wantList(t, seen, dir.Name(), "b")
		stopsWhenCanceled(t, ctx, "Walk", func(ctx context.Context) iter.Seq2[*fileio.Folder, error] {
			return dir.Walk(ctx, fileio.WalkOptions{})
		})
		stopsWhenCanceled(t, ctx, "Walk bottom up", func(ctx context.Context) iter.Seq2[*fileio.Folder, error] {
			return dir.Walk(ctx, fileio.WalkOptions{BottomUp: true})
		})
	})
}

func TestFolderThatIsGoneWhileWalking(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		boom := errors.New("boom")
		for _, c := range []struct {
			onError error
			want    string
		}{{nil, "root b"}, {boom, "root boom"}} {
			dir := tree(t, "a/x", "b/y")
			got, told := []string{}, 0
			opts := fileio.WalkOptions{OnError: func(_ context.Context, p fileio.Path, err error) error {
				told++
				testkit.WantErr(t, err, fs.ErrNotExist)
				if p != dir.Join("a") {
					t.Errorf("told of %s", p)
				}
				return c.onError
			}}
			for f, err := range dir.Walk(ctx, opts) {
				switch {
				case err != nil:
					got = append(got, err.Error())
				case f.Path == dir:
					got = append(got, "root")
					testkit.Must(t, os.RemoveAll(string(dir.Join("a"))))
				default:
					got = append(got, f.Path.Name())
				}
			}
			if strings.Join(got, " ") != c.want || told != 1 {
				t.Errorf("got %q, told %d times, want %q", got, told, c.want)
			}
		}
		none, told := folder(t).Join("none"), 0
		for f, err := range none.Walk(ctx, fileio.WalkOptions{}) {
			told++
			if f != nil || !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("walked a folder that is not there: %v, %v", f, err)
			}
		}
		if told != 1 {
			t.Errorf("told %d times, not once, that there is nothing to walk", told)
		}
		for range none.Walk(ctx, fileio.WalkOptions{OnError: func(context.Context, fileio.Path, error) error { return nil }}) {
			t.Error("a folder that is not there was walked")
		}
	})
}
