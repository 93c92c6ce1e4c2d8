package fileio

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// A MatchOption is an option of what matches names with patterns.
type MatchOption func(*matchOptions)

type matchOptions struct {
	fold     bool // upper and lower case are the same
	symlinks bool // "**" goes through links
}

func matchOptionsOf(opts []MatchOption) matchOptions {
	o := matchOptions{fold: windows}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// MatchCase makes upper and lower case differ, which is the default except on Windows.
func MatchCase() MatchOption { return func(o *matchOptions) { o.fold = false } }

// IgnoreCase makes upper and lower case the same, which is the default on Windows.
func IgnoreCase() MatchOption { return func(o *matchOptions) { o.fold = true } }

// RecurseSymlinks lets "**" go through links to folders. One that leads back to where it
// is in is passed over.
func RecurseSymlinks() MatchOption { return func(o *matchOptions) { o.symlinks = true } }

// Match reports whether the end of the path matches a pattern or, if the pattern is
// absolute, all of it. In a pattern * is any number of characters of one name, ? is one,
// [a-z] one of these, [!a-z] one that is not; "**" is the same as "*" here. The empty
// pattern is an *InvalidPathError.
func (p Path) Match(pattern string, opts ...MatchOption) (bool, error) {
	o, pat, q := matchOptionsOf(opts), parse(pattern), parse(string(p))
	want, have := pat.parts(), q.parts()
	if len(want) == 0 {
		return false, p.invalid("the pattern to match is empty")
	}
	if pat.drive != "" && fold(pat.drive) != fold(q.drive) || pat.root != "" && pat.root != q.root {
		return false, nil
	}
	if len(want) > len(have) || pat.anchor() != "" && len(want) != len(have) {
		return false, nil
	}
	for i, w := range want {
		if !matchName(w, have[len(have)-len(want)+i], o.fold) {
			return false, nil
		}
	}
	return true, nil
}

// FullMatch reports whether the whole path matches a pattern as that of Match, in which
// "**" stands for any number of parts, also none.
func (p Path) FullMatch(pattern string, opts ...MatchOption) bool {
	o, pat, q := matchOptionsOf(opts), parse(pattern), parse(string(p))
	return fold(pat.drive) == fold(q.drive) && pat.root == q.root && matchParts(pat.names, q.names, o.fold)
}

// matchParts needs no more steps than there are pairs of a pattern and a name.
func matchParts(pats, names []string, fold bool) bool {
	ok := make([]bool, len(names)+1) // ok[i]: the patterns so far match the first i names
	ok[0] = true
	for _, pat := range pats {
		if pat == "**" {
			for i := range names {
				ok[i+1] = ok[i+1] || ok[i]
			}
			continue
		}
		for i := len(names); i > 0; i-- {
			ok[i] = ok[i-1] && matchName(pat, names[i-1], fold)
		}
		ok[0] = false
	}
	return ok[len(names)]
}

// matchName matches one name with a pattern. It takes time in proportion to the product
// of their lengths at most: a "*" that has taken too little is taken up again, and
// only the last of them has to be.
func matchName(pat, name string, fold bool) bool {
	starPat, starName := "", ""
	star := false
	for name != "" || pat != "" {
		if pat != "" && pat[0] == '*' {
			pat = pat[1:]
			star, starPat, starName = true, pat, name
			continue
		}
		if pat != "" && name != "" {
			if n, ok := matchOne(pat, name, fold); ok {
				_, size := utf8.DecodeRuneInString(name)
				pat, name = pat[n:], name[size:]
				continue
			}
		}
		if !star || starName == "" {
			return false
		}
		_, size := utf8.DecodeRuneInString(starName)
		starName = starName[size:]
		pat, name = starPat, starName
	}
	return true
}

// matchOne matches the first character of name, and tells how long its pattern is.
func matchOne(pat, name string, fold bool) (int, bool) {
	c := firstRune(name, fold)
	switch {
	case pat[0] == '?':
		return 1, true
	case pat[0] == '[':
		if n := classLen(pat); n > 0 {
			return n, inClass(pat[1:n-1], c, fold)
		}
	}
	_, size := utf8.DecodeRuneInString(pat)
	if firstRune(name, false) == utf8.RuneError || firstRune(pat, false) == utf8.RuneError {
		_, nameSize := utf8.DecodeRuneInString(name) // bytes that are no text are compared as they are
		return size, pat[:size] == name[:nameSize]
	}
	return size, firstRune(pat, fold) == c
}

func firstRune(s string, fold bool) rune {
	r, _ := utf8.DecodeRuneInString(s)
	if fold {
		r = unicode.ToLower(r)
	}
	return r
}

// classLen is how long the class is that pat begins with, 0 if its end is missing. A
// bracket right at its begin belongs to it.
func classLen(pat string) int {
	i := 1
	if i < len(pat) && pat[i] == '!' {
		i++
	}
	if i < len(pat) && pat[i] == ']' {
		i++
	}
	if end := strings.IndexByte(pat[min(i, len(pat)):], ']'); end >= 0 {
		return i + end + 1
	}
	return 0
}

// inClass reports whether a class, without its brackets, has a character.
func inClass(class string, c rune, fold bool) bool {
	class, not := strings.CutPrefix(class, "!")
	rs := []rune(class)
	found := false
	for i := 0; i < len(rs); i++ {
		lo, hi := rs[i], rs[i]
		if i+2 < len(rs) && rs[i+1] == '-' {
			hi = rs[i+2]
			i += 2
		}
		found = found || lo <= c && c <= hi
		if fold {
			up := unicode.ToUpper(c)
			found = found || lo <= up && up <= hi
		}
	}
	return found != not
}
