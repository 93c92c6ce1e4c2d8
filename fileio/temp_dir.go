package fileio

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"

	"github.com/anyio-go/anyio"
)

// A TempDirectory is a folder that is removed, with all that is in it, by Close.
type TempDirectory struct {
	path   Path
	keep   bool
	closed atomic.Bool
}

var _ anyio.Resource = (*TempDirectory)(nil)

// OpenTempDirectory makes a folder with a name that nobody else uses. Cancellation: no
// folder is made.
func OpenTempDirectory(ctx context.Context, opts TempOptions) (*TempDirectory, error) {
	path, err := MkdirTemp(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &TempDirectory{path: path, keep: opts.Keep}, nil
}

// Path returns the path of the folder.
func (d *TempDirectory) Path() Path { return d.path }

// Close removes the folder, unless it is to be kept. If something in it cannot be
// removed it returns an error, and Cleanup may be tried again; a second Close does
// nothing. Cancellation: ignored; the folder is removed.
func (d *TempDirectory) Close(ctx context.Context) error {
	if d.closed.Swap(true) || d.keep {
		return nil
	}
	return d.Cleanup(ctx)
}

// Cleanup removes the folder now, even if it is to be kept. It is not an error if it is
// gone. Folders in it that may not be written are made so first; links are removed, not
// what they lead to. Cancellation: ignored; the folder is removed.
func (d *TempDirectory) Cleanup(ctx context.Context) error {
	return cleanup(ctx, func() error { return removeAll(string(d.path)) })
}

// removeAll is os.RemoveAll, and does not mind folders without permissions.
func removeAll(name string) error {
	err := os.RemoveAll(name)
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	_ = filepath.WalkDir(name, func(path string, e fs.DirEntry, err error) error {
		if e != nil && e.IsDir() && err == nil { // before it is read
			_ = os.Chmod(path, 0o700)
		}
		return nil
	})
	return os.RemoveAll(name) // tells what is still wrong
}
