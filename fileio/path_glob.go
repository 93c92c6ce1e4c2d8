package fileio

import (
	"context"
	"io/fs"
	"iter"
	"os"
	"slices"
	"strings"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Glob ranges over what is below the path and matches a pattern as that of FullMatch,
// sorted folder by folder. A pattern that ends in a separator finds folders only. What
// cannot be read, or vanishes meanwhile, is passed over. In memory are the folders from
// here to where it looks, each with what is in it; what was found is forgotten, unless a
// pattern such as "**/a/**" may find it in several ways. The pair with an error is the
// last: an *InvalidPathError if the pattern is empty or absolute, or the cancellation.
// Cancellation: noticed between any two folders and paths.
func (p Path) Glob(ctx context.Context, pattern string, opts ...MatchOption) iter.Seq2[Path, error] {
	return func(yield func(Path, error) bool) {
		pat := parse(pattern)
		if pat.anchor() != "" || len(pat.names) == 0 {
			yield("", p.invalid("a pattern to look for below it is relative and not empty, which %q is not", pattern))
			return
		}
		g := &globber{ctx: ctx, opts: matchOptionsOf(opts), yield: yield}
		g.foldersOnly = os.IsPathSeparator(pattern[len(pattern)-1])
		if manyWays(pat.names) {
			g.seen = map[Path]bool{}
		}
		if err := g.find(p.Join(), pat.names); err != nil {
			yield("", err)
		}
	}
}

// manyWays reports whether a path may match in several ways, and thus be found as often:
// if what is between two "**" may be at several places.
func manyWays(pats []string) bool {
	first := slices.Index(pats, "**")
	if first < 0 {
		return false
	}
	rest := pats[first:]
	for len(rest) > 0 && rest[0] == "**" {
		rest = rest[1:]
	}
	return slices.Contains(rest, "**")
}

// RGlob is like Glob but looks in the folder and all below it: the pattern begins with
// "**/". Cancellation: as for Glob.
func (p Path) RGlob(ctx context.Context, pattern string, opts ...MatchOption) iter.Seq2[Path, error] {
	if q := parse(pattern); q.anchor() != "" {
		return p.Glob(ctx, pattern, opts...) // tells what is wrong
	}
	return p.Glob(ctx, "**"+separator+pattern, opts...)
}

// A globber looks for what matches a pattern.
type globber struct {
	ctx         context.Context
	opts        matchOptions
	foldersOnly bool
	yield       func(Path, error) bool
	seen        map[Path]bool // what was found, if it may be found several times
	stopped     bool          // by yield
}

// found passes a path on.
func (g *globber) found(p Path) error {
	if g.seen != nil {
		if g.seen[p] {
			return nil
		}
		g.seen[p] = true
	}
	if _, err := kernel.Enter(g.ctx); err != nil {
		return err
	}
	g.stopped = !g.yield(p, nil)
	return nil
}

// find finds what is below a folder. An error is a cancellation.
func (g *globber) find(dir Path, pats []string) error {
	if pats[0] == "**" {
		for len(pats) > 0 && pats[0] == "**" {
			pats = pats[1:]
		}
		return g.everywhere(dir, pats, nil)
	}
	if g.isName(pats[0]) {
		return g.named(dir.Join(pats[0]), pats[1:])
	}
	entries, err := g.list(dir)
	if err != nil {
		return err
	}
	return g.among(dir, entries, pats)
}

// isName reports whether a pattern matches nothing but itself.
func (g *globber) isName(pat string) bool {
	return pat == ".." || !g.opts.fold && !strings.ContainsAny(pat, "*?[")
}

// among goes on at those entries of a folder that match.
func (g *globber) among(dir Path, entries []fs.DirEntry, pats []string) error {
	for _, e := range entries {
		if !matchName(pats[0], e.Name(), g.opts.fold) {
			continue
		}
		if err := g.entry(dir.Join(e.Name()), e, pats[1:]); err != nil || g.stopped {
			return err
		}
	}
	return nil
}

// named goes on at a path, if there is something.
func (g *globber) named(p Path, pats []string) error {
	if len(pats) > 0 || g.foldersOnly {
		return g.folder(p, pats)
	}
	if ok, err := p.Lexists(g.ctx); !ok {
		return canceledOnly(g.ctx, err)
	}
	return g.found(p)
}

// folder goes on at a path, if it is a folder.
func (g *globber) folder(p Path, pats []string) error {
	switch ok, err := p.IsDir(g.ctx); {
	case !ok:
		return canceledOnly(g.ctx, err)
	case len(pats) == 0:
		return g.found(p)
	}
	return g.find(p, pats)
}

// entry goes on at an entry of a folder whose name matches.
func (g *globber) entry(p Path, e fs.DirEntry, pats []string) error {
	switch {
	case len(pats) == 0 && !g.foldersOnly:
		return g.found(p)
	case e.IsDir() && len(pats) == 0:
		return g.found(p)
	case e.IsDir():
		return g.find(p, pats)
	case e.Type()&fs.ModeSymlink != 0:
		return g.folder(p, pats)
	}
	return nil
}

// everywhere goes on in a folder and all below it. above are the folders it is in, if
// links are followed.
func (g *globber) everywhere(dir Path, pats []string, above []fs.FileInfo) error {
	if g.opts.symlinks {
		info, err := dir.Stat(g.ctx)
		if err != nil {
			return canceledOnly(g.ctx, err)
		}
		if isAmong(info, above) {
			return nil
		}
		above = append(above[:len(above):len(above)], info)
	}
	entries, err := g.list(dir)
	switch {
	case err != nil:
		return err
	case len(pats) == 0:
		err = g.folder(dir, nil)
	case g.isName(pats[0]):
		err = g.named(dir.Join(pats[0]), pats[1:])
	default:
		err = g.among(dir, entries, pats)
	}
	for _, e := range entries {
		p := dir.Join(e.Name())
		switch {
		case err != nil || g.stopped:
			return err
		case e.IsDir(), g.opts.symlinks && e.Type()&fs.ModeSymlink != 0 && isFolder(g.ctx, p):
			err = g.everywhere(p, pats, above)
		case len(pats) == 0 && !g.foldersOnly:
			err = g.found(p)
		}
	}
	return err
}

// list reads a folder, as far as that is possible.
func (g *globber) list(dir Path) ([]fs.DirEntry, error) {
	entries, err := dir.ReadDir(g.ctx)
	return entries, canceledOnly(g.ctx, err)
}

// isFolder is IsDir; whoever cannot say says no.
func isFolder(ctx context.Context, p Path) bool {
	ok, _ := p.IsDir(ctx) // a cancellation is met at the next call
	return ok
}

// isAmong reports whether a folder is one of others.
func isAmong(info fs.FileInfo, others []fs.FileInfo) bool {
	return slices.ContainsFunc(others, func(o fs.FileInfo) bool { return os.SameFile(info, o) })
}

// canceledOnly is err if it is the scope's and not the file's.
func canceledOnly(ctx context.Context, err error) error {
	if err == nil || kernel.Locate(ctx).Check() == nil {
		return nil
	}
	_, err = kernel.Enter(ctx)
	return err
}
