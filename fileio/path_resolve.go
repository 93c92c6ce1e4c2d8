package fileio

import (
	"context"
	"io/fs"
	"os"
)

// maxLinks is how many links Resolve follows before it takes them for a loop.
const maxLinks = 255

// EvalSymlinks returns the absolute path without links and "..". All of it must exist,
// and a loop of links is an error. Cancellation: as for Stat.
func (p Path) EvalSymlinks(ctx context.Context) (Path, error) { return p.resolve(ctx, true) }

// Resolve returns the absolute path without links and ".." as far as it exists. What is
// beyond the last part that exists is kept as it is, and so is a loop of links.
// Cancellation: as for Stat.
func (p Path) Resolve(ctx context.Context) (Path, error) { return p.resolve(ctx, false) }

func (p Path) resolve(ctx context.Context, strict bool) (Path, error) {
	return call(ctx, func() (Path, error) {
		start := parse(string(p))
		if start.root == "" {
			dir, err := os.Getwd()
			if err != nil {
				return "", err
			}
			start = parse(dir).join(start)
		}
		return resolve(start, strict)
	})
}

func resolve(p parsed, strict bool) (Path, error) {
	done, todo, links := p.with(), p.names, 0
	for len(todo) > 0 {
		name := todo[0]
		todo = todo[1:]
		if name == ".." { // what is done has no links
			if n := len(done.names); n > 0 {
				done = done.with(done.names[:n-1]...)
			}
			continue
		}
		next := done.with(append(done.names[:len(done.names):len(done.names)], name)...)
		info, err := os.Lstat(string(next.path()))
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			var target string
			if target, err = os.Readlink(string(next.path())); err == nil {
				if links++; links <= maxLinks {
					to := parse(target)
					if to.root != "" {
						done = done.join(to).with()
					}
					todo = append(to.names, todo...)
					continue
				}
				err = &fs.PathError{Op: "resolve", Path: string(p.path()), Err: errLoop}
			}
		}
		if err != nil && strict {
			return "", err
		}
		if links > maxLinks { // the rest as it is
			return next.with(append(next.names, todo...)...).path(), nil
		}
		done = next
	}
	if strict && len(done.names) == 0 {
		_, err := os.Stat(string(done.path()))
		return done.path(), err
	}
	return done.path(), nil
}
