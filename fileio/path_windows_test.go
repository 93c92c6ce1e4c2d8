package fileio_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
)

// The results are those of pathlib.PureWindowsPath.
func TestPathsWithDrives(t *testing.T) {
	for _, c := range []struct {
		path                fileio.Path
		drive, root, joined string // with b
		absolute            bool
	}{
		{`C:`, `C:`, ``, `C:b`, false},
		{`C:a`, `C:`, ``, `C:a\b`, false},
		{`C:/a/.`, `C:`, `\`, `C:\a\b`, true},
		{`\a`, ``, `\`, `\a\b`, false},
		{`\\host\share`, `\\host\share`, `\`, `\\host\share\b`, true},
		{`//host/share/a`, `\\host\share`, `\`, `\\host\share\a\b`, true},
		{`\\?\C:\a`, `\\?\C:`, `\`, `\\?\C:\a\b`, true},
	} {
		joined := string(c.path.Join("b"))
		if c.path.Drive() != c.drive || c.path.Root() != c.root || joined != c.joined || c.path.IsAbsolute() != c.absolute {
			t.Errorf("%s: drive %s, root %s, %s, absolute: %v", c.path, c.path.Drive(), c.path.Root(), joined, c.path.IsAbsolute())
		}
	}
	for _, c := range [][3]string{
		{`C:\a`, `\b`, `C:\b`}, {`C:\a`, `C:b`, `C:\a\b`}, {`C:\a`, `D:b`, `D:b`}, {`C:\a`, `c:\b`, `c:\b`},
		{`C:\a`, `\\h\s\b`, `\\h\s\b`}, {`\\h\s`, `..`, `\\h\s\..`},
	} {
		if got := string(fileio.NewPath(c[0], c[1])); got != c[2] {
			t.Errorf("%s and %s are %s, want %s", c[0], c[1], got, c[2])
		}
	}
}

// What is in normal form is seen without being taken apart, and is the same as if it were.
func TestNormalFormOfPathsWithDrives(t *testing.T) {
	for _, s := range []string{
		``, `.`, `a`, `a\b`, `a\.`, `a\\b`, `a\`, `a/b`, `..\a`, `ab:c`, `\`, `\a`, `\.\a`, `\a\`, `\\`, `/`, `/a`,
		`C:`, `C:a`, `C:\`, `C:\a`, `C:\a\.\b`, `C:\\a`, `C:/a`, `C:\a/b`, `C:.`, `c:\a\b`,
		`\\host`, `\\host\share`, `\\host\share\a`, `\\?\C:\a`, `\\.\pipe\x`, `\??\C:\a`, `\??\x`,
	} {
		if got, want := fileio.Path(s).String(), string(fileio.NewPath(s)); got != want {
			t.Errorf("%s: %s, want %s", s, got, want)
		}
	}
}

// A relative path is seen from the working directory of its drive, and keeps its "..".
func TestAbsolutePathsWithDrives(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		cwd := fileio.Path(t.TempDir())
		t.Chdir(string(cwd))
		for path, want := range map[fileio.Path]fileio.Path{
			`a\..\b`:                       cwd + `\a\..\b`,
			`\a\..\b`:                      fileio.Path(cwd.Drive()) + `\a\..\b`,
			fileio.Path(cwd.Drive()):       cwd,
			fileio.Path(cwd.Drive()) + `a`: cwd + `\a`,
		} {
			wantIs(t, want)(path.Absolute(ctx))
		}
	})
}
