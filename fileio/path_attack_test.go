package fileio_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// pathCalls are calls that fail if there can be nothing at a path.
func pathCalls(p fileio.Path) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"Open":       func(ctx context.Context) error { _, err := fileio.Open(ctx, string(p)); return err },
		"Create":     func(ctx context.Context) error { _, err := fileio.Create(ctx, string(p)); return err },
		"Stat":       func(ctx context.Context) error { _, err := p.Stat(ctx); return err },
		"ReadBytes":  func(ctx context.Context) error { _, err := p.ReadBytes(ctx); return err },
		"WriteBytes": func(ctx context.Context) error { return p.WriteBytes(ctx, []byte("x")) },
		"Mkdir": func(ctx context.Context) error {
			return p.Mkdir(ctx, fileio.MkdirOptions{Parents: true, ExistOK: true})
		},
		"Touch": p.Touch,
		"RemoveIfExists": func(ctx context.Context) error {
			_, err := p.Lstat(ctx)
			return errors.Join(err, p.RemoveIfExists(ctx))
		},
		"Rename":       func(ctx context.Context) error { _, err := p.Rename(ctx, "x"); return err },
		"Move to it":   func(ctx context.Context) error { _, err := fileio.NewPath(".").Move(ctx, p); return err },
		"Copy":         func(ctx context.Context) error { _, err := p.Copy(ctx, "x", fileio.CopyOptions{}); return err },
		"SymlinkTo":    func(ctx context.Context) error { return p.SymlinkTo(ctx, "x") },
		"EvalSymlinks": func(ctx context.Context) error { _, err := p.EvalSymlinks(ctx); return err },
		"Children": func(ctx context.Context) error {
			for _, err := range p.Children(ctx) {
				return err
			}
			return nil
		},
		"MkdirTemp": func(ctx context.Context) error {
			_, err := fileio.MkdirTemp(ctx, fileio.TempOptions{Dir: string(p)})
			return err
		},
	}
}

func TestPathsThatCannotBe(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		t.Chdir(string(dir))
		for name, p := range map[string]fileio.Path{
			"a zero byte":          dir.Join("a\x00b"),
			"a zero byte alone":    "\x00",
			"a name too long":      dir.Join(strings.Repeat("n", 300)),
			"a path too long":      dir.Join(strings.Repeat(strings.Repeat("n", 200)+"/", 250)),
			"a folder with a zero": dir.Join("a\x00b", "c"),
		} {
			for call, f := range pathCalls(p) {
				err := f(ctx)
				if err == nil || errors.Is(err, anyio.ErrCanceled) {
					t.Errorf("%s of a path with %s: %v", call, name, err)
				}
			}
			if strings.Contains(string(p), "\x00") {
				wantIs(t, false)(p.Exists(ctx))
				wantIs(t, false)(p.Lexists(ctx))
				wantIs(t, false)(p.IsDir(ctx))
				wantIs(t, false)(p.IsMount(ctx))
				inCanceled(t, ctx, "Exists", func(ctx context.Context) error { _, err := p.Exists(ctx); return err })
			} else if runtime.GOOS != "windows" {
				_, err := p.Exists(ctx)
				testkit.WantErr(t, err, syscall.ENAMETOOLONG)
			}
			for p, err := range dir.Glob(ctx, p.Name()) {
				t.Errorf("a path with %s is found: %q, %v", name, p, err)
			}
			wantEmpty(t, dir)
		}
	})
}

func TestEmptyPathIsTheWorkingDirectoryAsAPathAndNothingAsAName(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "file")
		t.Chdir(string(dir))
		_, err := fileio.Open(ctx, "")
		testkit.WantErr(t, err, fs.ErrNotExist)
		_, err = fileio.Create(ctx, "")
		testkit.WantErr(t, err, fs.ErrNotExist)
		wantIs(t, true)(fileio.Path("").IsDir(ctx))
		wantIs(t, true)(fileio.Path("").SameFile(ctx, dir))
		wantList(t, collect(t, ".", fileio.Path("").Children(ctx)), "file")
		wantList(t, collect(t, ".", fileio.Path("").Glob(ctx, "*")), "file")
	})
}

func TestTrailingSeparatorsAndDotsAreOfNoMatterToCalls(t *testing.T) {
	testkit.NeedSymlinks(t)
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := tree(t, "file", "sub/deep/", "other/")
		for _, p := range []fileio.Path{dir + "/file/", dir + "//file/./", dir + "/sub/../file", dir + "/sub/deep/../../file"} {
			testkit.Must(t, p.WriteBytes(ctx, []byte("new")))
			wantIs(t, true)(p.IsFile(ctx))
			data, err := p.ReadBytes(ctx)
			if string(data) != "new" || err != nil {
				t.Errorf("%q: %q, %v", p, data, err)
			}
		}
		if runtime.GOOS == "windows" {
			return // ".." goes by the name there
		}
		testkit.Must(t, os.Symlink("../sub/deep", string(dir.Join("other/link"))))
		write(t, dir.Join("sub/here"), "where the link leads to")
		data, err := dir.Join("other/link/../here").ReadBytes(ctx)
		if string(data) != "where the link leads to" || err != nil {
			t.Errorf("read %q, %v", data, err)
		}
		wantList(t, collect(t, dir, dir.Glob(ctx, "other/link/../h*")), "other/link/../here")
	})
}

func TestNamesThatAreNoText(t *testing.T) {
	testkit.NeedSymlinks(t)
	if runtime.GOOS != "linux" {
		t.Skip("names are text there")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		p := dir.Join("\xff\xfeü\x80", "a\n\xc3")
		testkit.Must(t, p.Parent().Mkdir(ctx, fileio.MkdirOptions{}))
		testkit.Must(t, p.WriteBytes(ctx, []byte("x")))
		rel, err := p.RelativeTo(dir)
		testkit.Must(t, err)
		wantList(t, collect(t, dir, dir.RGlob(ctx, "*")), string(rel.Parent()), string(rel))
		wantList(t, collect(t, dir, dir.Glob(ctx, "\xff?ü?/a?\xc3")), string(rel))
		wantList(t, collect(t, dir, dir.Glob(ctx, "\xfe*/*")))
		wantList(t, walked(t, dir, dir.Walk(ctx, fileio.WalkOptions{})),
			".: \xff\xfeü\x80 | ", string(rel.Parent())+":  | a\n\xc3")
		wantIs(t, p)(p.EvalSymlinks(ctx))
		uri, err := p.URI()
		testkit.Must(t, err)
		wantIs(t, p)(fileio.PathFromURI(uri))
		link := dir.Join("link")
		testkit.Must(t, link.SymlinkTo(ctx, rel))
		wantIs(t, rel)(link.Readlink(ctx))
		wantIs(t, dir.Join("moved"))(p.Parent().Move(ctx, dir.Join("moved")))
		wantContent(t, dir.Join("moved", p.Name()), "x")
	})
}
