package fileio

import (
	"context"
	"errors"
	"io/fs"
	"os"
)

// TempOptions say where a temporary file or folder is made and what it is called. The
// zero value is good: a random name in TempDir. Only the user can access it.
type TempOptions struct {
	Dir    string // where; "" is TempDir()
	Prefix string // of the name
	Suffix string // of the name
	Keep   bool   // do not remove it at Close
}

// TempDir returns the folder of temporary files.
func TempDir() Path { return NewPath(os.TempDir()) }

// TempFile makes a file to read and write that has no name, or on Windows one that
// vanishes with it. It is gone when it is closed, also if the program ends before.
// Cancellation: no file is made.
func TempFile(ctx context.Context, opts TempOptions) (*File, error) {
	file, err := call(ctx, func() (*os.File, error) { return createNameless(opts) })
	if err != nil {
		return nil, err
	}
	f := Wrap(file)
	if !nameless {
		f.removeAtClose()
	}
	return f, nil
}

// NamedTempFile makes a file to read and write with a name that nobody else uses.
// Close removes it, unless opts.Keep is set. Write
//
//	f, err := fileio.NamedTempFile(ctx, fileio.TempOptions{})
//	if err != nil { … }
//	defer f.Close(ctx)
//
// and it is removed also after a panic and in a canceled scope. Cancellation: no file
// is made.
func NamedTempFile(ctx context.Context, opts TempOptions) (*File, error) {
	file, err := call(ctx, func() (*os.File, error) { return createTemp(opts) })
	if err != nil {
		return nil, err
	}
	f := Wrap(file)
	if !opts.Keep {
		f.removeAtClose()
	}
	return f, nil
}

// WithNamedTempFile runs body with a file as NamedTempFile makes it, and removes it when
// body has returned, also by a panic, and not before: body may close the file and open it
// again by its name, or leave that to another program. With opts.Keep it is not removed.
// Cancellation: no file is made, or it is up to body; the file is removed all the same.
func WithNamedTempFile(ctx context.Context, opts TempOptions, body func(ctx context.Context, f *File) error) (err error) {
	keep := opts.Keep
	opts.Keep = true
	f, err := NamedTempFile(ctx, opts)
	if err != nil {
		return err
	}
	defer func() {
		left := f.Close(ctx)
		if !keep {
			left = errors.Join(left, cleanup(ctx, func() error { return removeQuietly(f.Name()) }))
		}
		if err == nil {
			err = left
		}
	}()
	return body(ctx, f)
}

func (f *File) removeAtClose() { f.atClose = func() error { return removeQuietly(f.name) } }

func createTemp(opts TempOptions) (file *os.File, err error) {
	_, err = newName(opts, randomName, func(name string) error {
		file, err = os.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	return file, err
}

// nameless tells that an open file needs no name. Where it does, it has to be removed
// after it was closed. Elsewhere it must not: the name may be another file's by then.
const nameless = !windows

// createNameless makes a file and takes its name away, if it needs none.
func createNameless(opts TempOptions) (*os.File, error) {
	file, err := createTemp(opts)
	if err != nil || !nameless {
		return file, err
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}

// closeNameless closes what createNameless has made.
func closeNameless(file *os.File) error {
	err := file.Close()
	if !nameless {
		err = errors.Join(err, removeQuietly(file.Name()))
	}
	return err
}

// removeQuietly removes a file that may be gone.
func removeQuietly(name string) error {
	if err := os.Remove(name); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// CreateTemp makes a file as NamedTempFile does, which the caller closes and removes.
// Cancellation: no file is made.
func CreateTemp(ctx context.Context, opts TempOptions) (*File, Path, error) {
	opts.Keep = true
	f, err := NamedTempFile(ctx, opts)
	if err != nil {
		return nil, "", err
	}
	return f, NewPath(f.Name()), nil
}

// MkdirTemp makes a folder with a name that nobody else uses, which the caller removes.
// Cancellation: no folder is made.
func MkdirTemp(ctx context.Context, opts TempOptions) (Path, error) {
	dir, err := call(ctx, func() (string, error) {
		return newName(opts, randomName, func(name string) error { return os.Mkdir(name, 0o700) })
	})
	if err != nil {
		return "", err
	}
	return NewPath(dir), nil
}
