package fileio

import (
	"context"
	"io/fs"
	"iter"
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Children ranges over what is in a folder, sorted by name, without "." and "..". The
// folder is read at the first step. An error is the last pair. Cancellation: noticed
// between two paths.
func (p Path) Children(ctx context.Context) iter.Seq2[Path, error] {
	return func(yield func(Path, error) bool) {
		entries, err := p.ReadDir(ctx)
		if err != nil {
			yield("", err)
			return
		}
		for i, e := range entries {
			if i > 0 {
				if _, err := kernel.Enter(ctx); err != nil {
					yield("", err)
					return
				}
			}
			if !yield(p.Join(e.Name()), nil) {
				return
			}
		}
	}
}

// ReadDir lists a folder in one call, sorted by name, with the types of what is in it. With
// an error comes what was read before it. Cancellation: nothing was read.
func (p Path) ReadDir(ctx context.Context) ([]fs.DirEntry, error) {
	return call(ctx, func() ([]fs.DirEntry, error) { return os.ReadDir(p.os()) })
}
