package fileio

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/anyio-go/anyio"
)

// TempOptions say where a temporary file or directory is made and how it is called.
// The zero value is good: a random name in TempDir. Only the user can access it.
type TempOptions struct {
	Dir    string // where; "" is TempDir()
	Prefix string // of the name
	Suffix string // of the name
	Keep   bool   // do not remove it at Close
}

func (o TempOptions) pattern() string { return o.Prefix + "*" + o.Suffix }

// TempDir is the folder of temporary files. [TF-12] [TF-13]
func TempDir() Path { return NewPath(os.TempDir()) }

// TemporaryFile makes a file to read and write that has no name, or on Windows
// one that vanishes with it. It is gone when it is closed, also if the program
// ends before. Cancellation: there is none. [TF-01]
func TemporaryFile(ctx context.Context, opts TempOptions) (*File, error) {
	f, err := NamedTemporaryFile(ctx, opts)
	if err != nil {
		return nil, err
	}
	if err := cleanup(ctx, func() error { return unlinkOpen(f.Wrapped()) }); err != nil {
		return nil, errors.Join(err, f.Close(ctx))
	}
	return f, nil
}

// NamedTemporaryFile makes a file to read and write with a name that nobody else uses.
// Close removes it, unless opts.Keep is set. Write
//
//	f, err := fileio.NamedTemporaryFile(ctx, fileio.TempOptions{})
//	if err != nil { … }
//	defer f.Close(ctx)
//
// and it is removed also after a panic and in a canceled scope. Cancellation: there
// is none. [TF-02]
func NamedTemporaryFile(ctx context.Context, opts TempOptions) (*File, error) {
	file, err := call(ctx, func() (*os.File, error) { return createTemp(opts) })
	if err != nil {
		return nil, err
	}
	f := Wrap(file)
	if !opts.Keep {
		f.atClose = func() error { return removeQuietly(f.name) }
	}
	return f, nil
}

func createTemp(opts TempOptions) (*os.File, error) { return os.CreateTemp(opts.Dir, opts.pattern()) }

// unlinkOpen takes an open file's name away, if the system can.
func unlinkOpen(file *os.File) error {
	if runtime.GOOS == "windows" {
		return nil // Close removes it
	}
	return os.Remove(file.Name())
}

// removeQuietly removes a file that may be gone.
func removeQuietly(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Mkstemp makes a file as NamedTemporaryFile does, which the caller closes and
// removes. [TF-10]
func Mkstemp(ctx context.Context, opts TempOptions) (*File, Path, error) {
	opts.Keep = true
	f, err := NamedTemporaryFile(ctx, opts)
	if err != nil {
		return nil, "", err
	}
	return f, NewPath(f.Name()), nil
}

// Mkdtemp makes a folder with a name that nobody else uses, which the caller
// removes. Cancellation: there is none. [TF-11]
func Mkdtemp(ctx context.Context, opts TempOptions) (Path, error) {
	dir, err := call(ctx, func() (string, error) { return os.MkdirTemp(opts.Dir, opts.pattern()) })
	if err != nil {
		return "", err
	}
	return NewPath(dir), nil
}

// A TempDirectory is a folder that is removed, with all that is in it, by Close. [TF-08]
type TempDirectory struct {
	path   Path
	keep   bool
	closed atomic.Bool
}

var _ anyio.Resource = (*TempDirectory)(nil)

// TemporaryDirectory makes a folder with a name that nobody else uses. Cancellation:
// there is none. [TF-08]
func TemporaryDirectory(ctx context.Context, opts TempOptions) (*TempDirectory, error) {
	path, err := Mkdtemp(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &TempDirectory{path: path, keep: opts.Keep}, nil
}

// Path is where the folder is.
func (d *TempDirectory) Path() Path { return d.path }

// Close removes the folder, unless it is to be kept, also in a canceled scope. If
// something in it cannot be removed it tells, and Cleanup may be tried again; a
// second Close does nothing. [TF-08]
func (d *TempDirectory) Close(ctx context.Context) error {
	if d.closed.Swap(true) || d.keep {
		return nil
	}
	return d.Cleanup(ctx)
}

// Cleanup removes the folder now, even if it is to be kept. It is no error if it is
// gone. Cancellation: is not noticed. [TF-09]
func (d *TempDirectory) Cleanup(ctx context.Context) error {
	return cleanup(ctx, func() error { return os.RemoveAll(string(d.path)) })
}
