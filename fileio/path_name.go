package fileio

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// An InvalidPathError tells why a path cannot be made of another without asking the
// system. It matches fs.ErrInvalid.
type InvalidPathError struct {
	Path   Path
	Reason string
}

func (e *InvalidPathError) Error() string {
	return "fileio: " + strconv.Quote(string(e.Path)) + ": " + e.Reason
}

// Unwrap returns fs.ErrInvalid.
func (e *InvalidPathError) Unwrap() error { return fs.ErrInvalid }

func (p Path) invalid(format string, args ...any) error {
	return &InvalidPathError{p, fmt.Sprintf(format, args...)}
}

func quoteGo(s string) string { return strconv.Quote(s) }

// Name returns the last part, "" if there is none but the anchor.
func (p Path) Name() string {
	if names := parse(string(p)).names; len(names) > 0 {
		return names[len(names)-1]
	}
	return ""
}

// splitName is the name in two: the suffix begins at its last dot, unless that is the
// first or last byte.
func splitName(name string) (stem, suffix string) {
	if i := strings.LastIndexByte(name, '.'); 0 < i && i < len(name)-1 {
		return name[:i], name[i:]
	}
	return name, ""
}

// Suffix returns the last dot of the name and what follows: ".gz" of "a.tar.gz", "" of
// ".bashrc" and "a.".
func (p Path) Suffix() string {
	_, suffix := splitName(p.Name())
	return suffix
}

// Suffixes returns all suffixes: ".tar" and ".gz" of "a.tar.gz".
func (p Path) Suffixes() (all []string) {
	name := strings.TrimLeft(p.Name(), ".")
	if strings.HasSuffix(name, ".") {
		return nil
	}
	for _, s := range strings.Split(name, ".")[1:] {
		all = append(all, "."+s)
	}
	return all
}

// Stem returns the name without its suffix: "a.tar" of "a.tar.gz".
func (p Path) Stem() string {
	stem, _ := splitName(p.Name())
	return stem
}

// rename is the path with another last name.
func (p Path) rename(name string) Path {
	q := parse(string(p))
	return q.with(append(q.names[:len(q.names)-1:len(q.names)-1], name)...).path()
}

// WithName returns the path with another last part. The error is an *InvalidPathError if
// there is none to exchange, and if the name is none: "", "." or with a separator.
func (p Path) WithName(name string) (Path, error) {
	if p.Name() == "" {
		return "", p.invalid("it has no name to exchange")
	}
	if q := parse(name); len(q.names) != 1 || q.names[0] != name {
		return "", p.invalid("%q is not a name", name)
	}
	return p.rename(name), nil
}

// WithStem returns the path with another name before the suffix. An empty stem is an
// *InvalidPathError.
func (p Path) WithStem(stem string) (Path, error) {
	suffix := p.Suffix()
	if stem == "" && suffix != "" {
		return "", p.invalid("it has the suffix %q, so the stem cannot be empty", suffix)
	}
	return p.WithName(stem + suffix)
}

// WithSuffix returns the path with another suffix, which begins with a dot; "" takes it
// away. The error is an *InvalidPathError if there is no name, and if the suffix is none.
func (p Path) WithSuffix(suffix string) (Path, error) {
	if suffix != "" && (suffix == "." || suffix[0] != '.' || strings.ContainsAny(suffix, "/"+separator)) {
		return "", p.invalid("%q is not a suffix: want a dot and more, without a separator", suffix)
	}
	if p.Name() == "" {
		return "", p.invalid("it has no name to exchange")
	}
	return p.rename(p.Stem() + suffix), nil
}

// IsReserved reports whether the name means a device on Windows, such as "con" or
// "nul.txt"; elsewhere no name does.
func (p Path) IsReserved() bool { return windows && reservedName(p.Name()) }

// reservedName reports whether Windows keeps a name for a device.
func reservedName(name string) bool {
	base, _, _ := strings.Cut(name, ".")
	base, _, _ = strings.Cut(base, ":")
	switch base = strings.ToUpper(strings.TrimRight(base, " ")); base {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	return len(base) == 4 && (base[:3] == "COM" || base[:3] == "LPT") && '1' <= base[3] && base[3] <= '9'
}
