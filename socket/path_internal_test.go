package socket

import "testing"

// TestPathsOfBothKindsOfSystemsAreTold looks at AsConnectable's argument as each of the
// systems does.
func TestPathsOfBothKindsOfSystemsAreTold(t *testing.T) {
	for _, c := range []struct {
		text          string
		unix, windows bool // is a path
	}{
		{"/run/s", true, true},
		{"./s", true, true},
		{"@abstract", true, true},
		{`C:\run\s`, false, true},
		{`\\.\s`, false, true},
		{"C:/run/s", true, true},
		{"host:80", false, false},
		{"[::1]:80", false, false},
	} {
		if isPath(c.text, '/') != c.unix || isPath(c.text, '\\') != c.windows {
			t.Errorf("%s: on UNIX %v, on Windows %v; want %v, %v", c.text, isPath(c.text, '/'), isPath(c.text, '\\'), c.unix, c.windows)
		}
	}
}
