package fileio

import (
	"cmp"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// A Path is a path with the interface of Python's pathlib: its parts can be looked at
// and put together without asking the system, and its other methods, which take a
// context, ask the system as the functions of this package do.
//
// It is a string, so fileio.Path("a/b") and string(p) convert, it can be a constant
// and the key of a map. Methods return it in its normal form, which NewPath makes:
// without "." and without doubled or trailing separators; ".." is kept, for what it
// means depends on links. The empty path is ".". What is not normal, such as a
// converted "a//b", is understood by all methods, but == is a comparison of strings.
type Path string

const windows = runtime.GOOS == "windows"

// separator is what stands between parts.
const separator = string(filepath.Separator)

// parsed is a path taken apart.
type parsed struct {
	drive string   // "" but on Windows
	root  string   // "", the separator or, by POSIX a thing of its own, "//"
	names []string // between separators
}

func parse(s string) parsed {
	var p parsed
	if windows {
		p.drive = filepath.FromSlash(filepath.VolumeName(s))
		s = filepath.FromSlash(s[len(p.drive):])
	}
	rest := strings.TrimLeft(s, separator)
	switch n := len(s) - len(rest); {
	case n == 2 && !windows:
		p.root = "//"
	case n > 0, isShare(p.drive): // a share has no working directory
		p.root = separator
	}
	for name := range strings.SplitSeq(rest, separator) {
		if name != "" && name != "." {
			p.names = append(p.names, name)
		}
	}
	return p
}

// isShare reports whether a drive is a share, such as \\host\share, and no letter and no
// device.
func isShare(drive string) bool {
	rest, ok := strings.CutPrefix(drive, `\\`)
	return ok && !strings.HasPrefix(rest, `?`) && !strings.HasPrefix(rest, `.`) && strings.Contains(rest, `\`)
}

func (p parsed) path() Path {
	root := p.root
	if root == "" && len(p.names) > 0 && strings.HasPrefix(p.drive, `\\`) { // no letter, after which one may do without
		root = separator
	}
	s := p.drive + root + strings.Join(p.names, separator)
	if s == "" {
		s = "."
	}
	return Path(s)
}

func (p parsed) anchor() string { return p.drive + p.root }

// parts are the names, after the anchor if there is one.
func (p parsed) parts() []string {
	if a := p.anchor(); a != "" {
		return append([]string{a}, p.names...)
	}
	return p.names
}

// with has other names. What it shares with p is not written to.
func (p parsed) with(names ...string) parsed {
	p.names = names
	return p
}

func (p parsed) join(q parsed) parsed {
	switch {
	case q.drive != "" && !strings.EqualFold(q.drive, p.drive):
		return q
	case q.root != "":
		return parsed{cmp.Or(q.drive, p.drive), q.root, q.names}
	}
	return p.with(append(slices.Clip(p.names), q.names...)...)
}

// NewPath joins segments and brings them into normal form. A segment that is absolute
// begins anew.
func NewPath(segments ...string) Path {
	var p parsed
	for _, s := range segments {
		p = p.join(parse(s))
	}
	return p.path()
}

// Join returns p and the segments below it. A segment that is absolute begins anew.
func (p Path) Join(segments ...string) Path {
	return NewPath(append([]string{string(p)}, segments...)...)
}

// String returns the path in normal form.
func (p Path) String() string {
	if isNormal(string(p)) {
		return string(p)
	}
	return string(parse(string(p)).path())
}

// isNormal reports whether a path is known to be in normal form, which needs no memory.
func isNormal(s string) bool {
	if s == "." {
		return true
	}
	rest, ok := cutRoot(s)
	if !ok {
		return false
	}
	for name := range strings.SplitSeq(rest, separator) {
		if name == "" || name == "." {
			return false
		}
	}
	return true
}

// cutRoot cuts off the root, on Windows after a letter. It is not ok if it is not plain to
// see what the root is.
func cutRoot(s string) (rest string, ok bool) {
	if !windows {
		return strings.TrimPrefix(s, "/"), true
	}
	if len(s) > 1 && s[1] == ':' {
		rest, ok = strings.CutPrefix(s[2:], separator)
	} else {
		rest, ok = strings.CutPrefix(s, separator)
		ok = ok || rest == s // relative
	}
	return rest, ok && !strings.HasPrefix(rest, separator) && !strings.Contains(rest, "/")
}

// GoString returns what %#v prints.
func (p Path) GoString() string { return "fileio.Path(" + quoteGo(p.String()) + ")" }

// Compare orders paths by their parts: it returns -1, 0 or +1, as cmp.Compare does. On
// Windows upper and lower case are the same.
func (p Path) Compare(q Path) int {
	a, b := parse(string(p)).parts(), parse(string(q)).parts()
	return slices.CompareFunc(a, b, func(a, b string) int { return cmp.Compare(fold(a), fold(b)) })
}

// Equal reports whether both are the same path, whether in normal form or not. It
// does not ask the system: see SameFile.
func (p Path) Equal(q Path) bool { return p.Compare(q) == 0 }

// fold is a name as it is compared.
func fold(name string) string {
	if windows {
		return strings.ToLower(name)
	}
	return name
}

// Parts returns the components; the first is the anchor if there is one.
func (p Path) Parts() []string { return parse(string(p)).parts() }

// Drive returns the letter or share on Windows, "" elsewhere.
func (p Path) Drive() string { return parse(string(p)).drive }

// Root returns the separator of an absolute path, else "".
func (p Path) Root() string { return parse(string(p)).root }

// Anchor returns Drive and Root.
func (p Path) Anchor() string { return parse(string(p)).anchor() }

// Parent returns the path without its last name: of "/" it is "/", of "a" it is ".".
func (p Path) Parent() Path {
	q := parse(string(p))
	if n := len(q.names); n > 0 {
		q = q.with(q.names[:n-1]...)
	}
	return q.path()
}

// Parents returns the parent, its parent and so on up to the anchor or ".".
func (p Path) Parents() (all []Path) {
	q := parse(string(p))
	for n := len(q.names) - 1; n >= 0; n-- {
		all = append(all, q.with(q.names[:n]...).path())
	}
	return all
}

// IsAbsolute reports whether the path begins at the root.
func (p Path) IsAbsolute() bool {
	q := parse(string(p))
	return q.root != "" && (!windows || q.drive != "")
}

// ToSlash returns the path with slashes between the parts.
func (p Path) ToSlash() string { return filepath.ToSlash(p.String()) }
