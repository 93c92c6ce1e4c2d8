package fileio_test

import (
	"testing"

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
