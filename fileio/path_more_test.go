package fileio_test

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// What Python 3.11 lacks is not in the table.

func TestFullMatchOfPaths(t *testing.T) {
	for _, c := range []struct {
		path, pattern string
		want          bool
	}{
		{"a/b.py", "a/*.py", true}, {"a/b.py", "*.py", false}, {"/a/b/c.py", "/a/**/*.py", true},
		{"/a/c.py", "/a/**/*.py", true}, {"a/b/c", "**", true}, {"a", "**/a/**", true}, {"a/b/c/d", "a/**/c/**/d", true},
		{"a/b/c/d", "a/**/e/**/d", false}, {"/a", "a", false}, {"a", "/a", false}, {"", "", true}, {"a", "", false},
		{"a/b", "**/**/b", true}, {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", "*a*a*a*a*a*a*a*a*a*c", false},
	} {
		if got := fileio.Path(c.path).FullMatch(c.pattern); got != c.want {
			t.Errorf("%q and %q: %v, want %v", c.path, c.pattern, got, c.want)
		}
	}
	if fileio.Path("A/B").FullMatch("a/[b-c]", fileio.MatchCase()) || !fileio.Path("A/B").FullMatch("a/[b-c]", fileio.IgnoreCase()) {
		t.Error("case is minded in the wrong way")
	}
}

func TestRelativeUpGoesUp(t *testing.T) {
	for _, c := range [][3]string{
		{"/a/b", "/a/c", "../b"}, {"/a", "/a/b/c", "../.."}, {"a", "b", "../a"}, {"/a/b", "/a", "b"}, {"a", "a", "."}, {"a", "", "a"},
		{"/a", "b", "error"}, {"a", "/b", "error"}, {"a", "../b", "error"}, {"../a", "../b", "../a"},
	} {
		got, err := fileio.Path(c[0]).RelativeUp(fileio.Path(c[1]))
		if err != nil {
			testkit.WantErr(t, err, fs.ErrInvalid)
			got = "error"
		}
		if got.ToSlash() != c[2] {
			t.Errorf("%q from %q: %q, want %q", c[0], c[1], got, c[2])
		}
	}
}

func TestPathFromURI(t *testing.T) {
	all := [][2]string{
		{"file:///a%20b/%C3%A4", "/a b/ä"}, {"file:/a", "/a"}, {"file://localhost/a/b", "/a/b"}, {"file:////a", "//a"},
	}
	if runtime.GOOS == "windows" {
		all = [][2]string{
			{"file:///C:/a%20b/%C3%A4", `C:\a b\ä`}, {"file:/C|/a", `C:\a`}, {"file://localhost/C:/a/b", `C:\a\b`},
			{"file://host/share/a", `\\host\share\a`}, {"file:///a", "error"},
		}
	}
	for _, c := range append(all, [][2]string{
		{"http://a", "error"}, {"file:a", "error"}, {"file:///%zz", "error"}, {"", "error"},
	}...) {
		got, err := fileio.PathFromURI(c[0])
		if err != nil {
			testkit.WantErr(t, err, fs.ErrInvalid)
			got = "error"
		}
		if string(got) != c[1] {
			t.Errorf("%q: %q, want %q", c[0], got, c[1])
		}
	}
}

func TestPathsAreKeysAndPrint(t *testing.T) {
	p, want := fileio.NewPath("a//b", ".", "c/"), filepath.FromSlash("a/b/c")
	if m := map[fileio.Path]int{fileio.Path(want): 1}; m[p] != 1 || !p.Equal("a/b//c") || p.Equal("a/b") {
		t.Errorf("%q is not the key it should be", p)
	}
	if got := fmt.Sprintf("%s %v %#v", p, p, p); got != fmt.Sprintf("%s %s fileio.Path(%q)", want, want, want) {
		t.Errorf("printed %s", got)
	}
	if _, err := fileio.Path("a.b").WithStem(""); err == nil || err.Error() != `fileio: "a.b": it has the suffix ".b", so the stem cannot be empty` {
		t.Errorf("error %v", err)
	}
}

func FuzzPathStaysNormal(f *testing.F) {
	f.Add("a//b/../c.d", "*[!a-c]?")
	f.Fuzz(func(t *testing.T, s, pattern string) {
		p := fileio.NewPath(s)
		if string(p) != p.String() || fileio.NewPath(p.Parts()...) != p || !p.Equal(fileio.Path(s)) {
			t.Errorf("%q becomes %q, %q", s, p, p.Parts())
		}
		whole := p.FullMatch(pattern)
		if end, err := p.Match(pattern); whole && !end && err == nil && !strings.Contains(pattern, "**") {
			t.Errorf("%q matches %q as a whole, but not its end", p, pattern)
		}
	})
}
