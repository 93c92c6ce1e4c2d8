package fileio_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// folder is a folder of the test's own.
func folder(t *testing.T) fileio.Path { return fileio.NewPath(t.TempDir()) }

// fileWith makes a file in a folder of its own.
func fileWith(t *testing.T, content string) fileio.Path {
	t.Helper()
	p := folder(t).Join("file.txt")
	write(t, p, content)
	return p
}

func write(t *testing.T, p fileio.Path, content string) {
	t.Helper()
	testkit.Must(t, os.WriteFile(string(p), []byte(content), 0o644))
}

// tree makes files, and folders for names that end in a slash.
func tree(t *testing.T, names ...string) fileio.Path {
	t.Helper()
	dir := folder(t)
	for _, name := range names {
		p := dir.Join(name)
		if name[len(name)-1] == '/' {
			testkit.Must(t, os.MkdirAll(string(p), 0o755))
			continue
		}
		testkit.Must(t, os.MkdirAll(string(p.Parent()), 0o755))
		write(t, p, name)
	}
	return dir
}

func wantContent(t *testing.T, p fileio.Path, want string) {
	t.Helper()
	got, err := os.ReadFile(string(p))
	if string(got) != want || err != nil {
		t.Errorf("%s has %.60q, %v, want %.60q", p, got, err, want)
	}
}

func wantAbsent(t *testing.T, p fileio.Path) {
	t.Helper()
	if _, err := os.Lstat(string(p)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is there: %v", p, err)
	}
}

// wantIs wants a value and no error: wantIs(t, true)(p.IsDir(ctx)).
func wantIs[T comparable](t *testing.T, want T) func(got T, err error) {
	t.Helper()
	if p, ok := any(want).(fileio.Path); ok {
		want = any(p.Join()).(T) // with the system's separators
	}
	return func(got T, err error) {
		t.Helper()
		if got != want || err != nil {
			t.Errorf("got %v, %v, want %v", got, err, want)
		}
	}
}

func wantList[T comparable](t *testing.T, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// hasMode reports whether a file has a mode, as far as the system keeps it.
func hasMode(info fs.FileInfo, want fs.FileMode) bool {
	return info.Mode() == want || runtime.GOOS == "windows"
}

// inCanceled calls f in a canceled scope and wants the cancellation back.
func inCanceled(t *testing.T, ctx context.Context, name string, f func(ctx context.Context) error) {
	t.Helper()
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		s.Cancel("before the call")
		if err := f(ctx); !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("%s in a canceled scope: %v", name, err)
		}
		return nil
	})
	testkit.Must(t, err)
}
