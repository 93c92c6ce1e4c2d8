package fileio_test

import (
	"context"
	"os"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestTemporaryDirectoryIsRemovedWithFoldersOnePermitsNothingIn(t *testing.T) {
	testkit.NeedSymlinks(t)
	if os.Geteuid() <= 0 {
		t.Skip("root may remove everything, and Windows has other permissions")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		outside := tree(t, "folder/file").Join("folder")
		testkit.Must(t, os.Chmod(string(outside), 0o500))
		defer os.Chmod(string(outside), 0o700)
		dir := folder(t)
		d, err := fileio.OpenTempDirectory(ctx, fileio.TempOptions{Dir: string(dir)})
		testkit.Must(t, err)
		testkit.Must(t, d.Path().Join("a/b").Mkdir(ctx, fileio.MkdirOptions{Parents: true}))
		write(t, d.Path().Join("a/b/file"), "x")
		testkit.Must(t, d.Path().Join("a/b/link").SymlinkTo(ctx, outside))
		for _, p := range []string{"a/b", "a", "."} {
			testkit.Must(t, os.Chmod(string(d.Path().Join(p)), 0))
		}
		inCanceled(t, ctx, "Close", func(ctx context.Context) error {
			testkit.Must(t, d.Close(ctx))
			return context.Cause(ctx)
		})
		wantEmpty(t, dir)
		wantContent(t, outside.Join("file"), "folder/file")
		if info, err := os.Stat(string(outside)); err != nil || info.Mode().Perm() != 0o500 {
			t.Errorf("where a link leads has changed: %v, %v", info, err)
		}
	})
}

func TestTemporaryDirectoryIsRemovedWhileAFileInItIsOpen(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		d, err := fileio.OpenTempDirectory(ctx, fileio.TempOptions{Dir: string(dir)})
		testkit.Must(t, err)
		f, err := fileio.Create(ctx, string(d.Path().Join("file")))
		testkit.Must(t, err)
		testkit.Must(t, os.Chmod(f.Name(), 0o400))
		if windows := os.PathSeparator == '\\'; windows {
			if err := d.Close(ctx); err == nil {
				t.Error("it is not told that a file is still open")
			}
			testkit.Must(t, f.Close(ctx))
			testkit.Must(t, d.Cleanup(ctx))
		} else {
			testkit.Must(t, d.Close(ctx))
			wantIs(t, 1)(f.WriteString(ctx, "x"))
			testkit.Must(t, f.Close(ctx))
		}
		wantEmpty(t, dir)
	})
}

// All of a group end, each cleaning up in the canceled scope.
func TestTemporaryFilesOfACanceledGroupAreGone(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		opts := fileio.TempOptions{Dir: string(dir)}
		var made atomic.Int32
		var all anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 5 {
				tg.Go(func(ctx context.Context) error {
					f, err := fileio.NamedTempFile(ctx, opts)
					if err != nil {
						return err
					}
					defer func() { testkit.Must(t, f.Close(ctx)) }()
					d, err := fileio.OpenTempDirectory(ctx, opts)
					if err != nil {
						return err
					}
					defer func() { testkit.Must(t, d.Close(ctx)) }()
					s := fileio.SpooledTempFile(1, opts)
					defer func() { testkit.Must(t, s.Close(ctx)) }()
					if _, err := s.WriteString(ctx, "more than fits"); err != nil {
						return err
					}
					if made.Add(1) == 5 {
						all.Set()
					}
					return anyio.SleepForever(ctx)
				})
			}
			if err := all.Wait(ctx); err != nil {
				return err
			}
			if entries, err := os.ReadDir(string(dir)); len(entries) < 10 || err != nil {
				t.Errorf("%d files and folders are there, %v, want 10", len(entries), err)
			}
			tg.Cancel("test")
			return nil
		})
		testkit.Must(t, err)
		wantEmpty(t, dir)
	})
}
