package fileio

import (
	"context"
	"io/fs"
	"iter"
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Folder is one step of Walk: a folder and the names of what is in it, sorted.
type Folder struct {
	Path  Path
	Dirs  []string // folders; a change of it, going top down, decides which are walked
	Files []string // all else, also links to folders that are not followed
}

// WalkOptions are options of Walk. The zero value goes top down and through no links.
type WalkOptions struct {
	BottomUp       bool // a folder comes after those in it
	FollowSymlinks bool // go through links to folders, but not into a folder one is in
	// OnError is told of a folder that cannot be read, because it is gone meanwhile or
	// for lack of permission. It is passed over if OnError returns nil; else the walk
	// ends with the error that it returns. If OnError is nil all such folders are passed
	// over but the one where the walk begins, whose error ends it.
	OnError func(ctx context.Context, folder Path, err error) error
}

// Walk ranges over the folder and all folders below it. The pair with an error is the
// last. Cancellation: noticed between any two folders.
func (p Path) Walk(ctx context.Context, opts WalkOptions) iter.Seq2[*Folder, error] {
	return func(yield func(*Folder, error) bool) {
		w := &walker{ctx: ctx, opts: opts, yield: yield, root: p.Join()}
		if err := w.walk(w.root, nil); err != nil {
			yield(nil, err)
		}
	}
}

type walker struct {
	ctx     context.Context
	opts    WalkOptions
	yield   func(*Folder, error) bool
	root    Path
	stopped bool // by yield
}

// A listing is what one call finds out about a folder.
type listing struct {
	folder *Folder
	info   fs.FileInfo // if links are followed
}

// list reads a folder, in one call.
func (w *walker) list(dir Path) (listing, error) {
	return call(w.ctx, func() (l listing, err error) {
		l.folder = &Folder{Path: dir}
		if w.opts.FollowSymlinks {
			if l.info, err = os.Stat(dir.os()); err != nil {
				return l, err
			}
		}
		entries, err := os.ReadDir(dir.os())
		for _, e := range entries {
			folder := e.IsDir()
			if w.opts.FollowSymlinks && e.Type()&fs.ModeSymlink != 0 {
				info, err := os.Stat(dir.Join(e.Name()).os())
				folder = err == nil && info.IsDir()
			}
			if folder {
				l.folder.Dirs = append(l.folder.Dirs, e.Name())
			} else {
				l.folder.Files = append(l.folder.Files, e.Name())
			}
		}
		return l, err
	})
}

// walk walks a folder, which is in those above.
func (w *walker) walk(dir Path, above []fs.FileInfo) error {
	l, err := w.list(dir)
	if err != nil {
		if canceled := canceledOnly(w.ctx, err); canceled != nil {
			return canceled
		}
		if w.opts.OnError != nil {
			return w.opts.OnError(w.ctx, dir, err)
		}
		if dir == w.root {
			return err
		}
		return nil
	}
	if w.opts.FollowSymlinks {
		if isAmong(l.info, above) {
			return nil
		}
		above = append(above[:len(above):len(above)], l.info)
	}
	if !w.opts.BottomUp {
		if err := w.pass(l.folder); err != nil || w.stopped {
			return err
		}
	}
	for _, name := range l.folder.Dirs {
		if err := w.walk(dir.Join(name), above); err != nil || w.stopped {
			return err
		}
	}
	if w.opts.BottomUp {
		return w.pass(l.folder)
	}
	return nil
}

func (w *walker) pass(f *Folder) error {
	if _, err := kernel.Enter(w.ctx); err != nil {
		return err
	}
	w.stopped = !w.yield(f, nil)
	return nil
}
