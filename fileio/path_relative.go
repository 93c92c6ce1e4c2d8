package fileio

import (
	"net/url"
	"slices"
	"strings"
)

// below returns the names that p has more than base, if it is below it.
func below(p, base parsed) ([]string, bool) {
	if fold(p.drive) != fold(base.drive) || p.root != base.root || len(p.names) < len(base.names) {
		return nil, false
	}
	for i, name := range base.names {
		if fold(name) != fold(p.names[i]) {
			return nil, false
		}
	}
	return p.names[len(base.names):], true
}

// IsRelativeTo reports whether p is base or below it, going by the names alone.
func (p Path) IsRelativeTo(base Path) bool {
	_, ok := below(parse(string(p)), parse(string(base)))
	return ok
}

// RelativeTo returns p as seen from base. If p is not below base the error is an
// *InvalidPathError; see RelativeUp.
func (p Path) RelativeTo(base Path) (Path, error) {
	names, ok := below(parse(string(p)), parse(string(base)))
	if !ok {
		return "", p.invalid("it is not below %q", base)
	}
	return parsed{names: names}.path(), nil
}

// RelativeUp returns p as seen from base, with as many ".." as it takes. The error is an
// *InvalidPathError if only one of them is absolute, if their drives differ, and if the
// way up goes through a "..", of which nobody knows where it leads.
func (p Path) RelativeUp(base Path) (Path, error) {
	from, up := parse(string(base)), 0
	for {
		names, ok := below(parse(string(p)), from)
		switch n := len(from.names) - 1; {
		case ok:
			return parsed{names: append(slices.Repeat([]string{".."}, up), names...)}.path(), nil
		case n < 0:
			return "", p.invalid("it has another anchor than %q", base)
		case from.names[n] == "..":
			return "", p.invalid(`there is no way up from %q: it has a ".."`, base)
		default:
			from, up = from.with(from.names[:n]...), up+1
		}
	}
}

// URI returns the path as a file: URI. A path that is not absolute gives an
// *InvalidPathError.
func (p Path) URI() (string, error) {
	if !p.IsAbsolute() {
		return "", p.invalid("a relative path has no URI")
	}
	var b strings.Builder
	b.WriteString("file://")
	s := p.ToSlash()
	if windows && !strings.HasPrefix(s, "/") {
		b.WriteString("/" + s[:2])
		s = s[2:]
	} else if windows {
		s = strings.TrimPrefix(s, "//") // a share's host
	}
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.IndexByte("/_.-~", c) >= 0 {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String(), nil
}

// PathFromURI returns the path of a file: URI: "file:///a%20b", "file:/a" or
// "file://localhost/a". Other URIs, and relative paths, give an *InvalidPathError.
func PathFromURI(uri string) (Path, error) {
	rest, ok := strings.CutPrefix(uri, "file:")
	if !ok {
		return "", Path(uri).invalid("it does not begin with file:")
	}
	if three, ok := strings.CutPrefix(rest, "///"); ok {
		rest = "/" + three
	} else if local, ok := strings.CutPrefix(rest, "//localhost/"); ok {
		rest = "/" + local
	}
	if windows && len(rest) > 2 && rest[0] == '/' && (rest[2] == ':' || rest[2] == '|') {
		rest = rest[1:2] + ":" + rest[3:]
	}
	s, err := url.PathUnescape(rest)
	if err != nil {
		return "", Path(uri).invalid("%v", err)
	}
	if p := NewPath(s); p.IsAbsolute() {
		return p, nil
	}
	return "", Path(uri).invalid("its path is not absolute")
}
