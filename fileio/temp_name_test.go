package fileio_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// Another process may have any name already.
func TestTemporaryNameThatIsTakenIsPassedOver(t *testing.T) {
	dir := folder(t)
	write(t, dir.Join("pre-a.suf"), "of somebody else")
	testkit.Must(t, os.Mkdir(string(dir.Join("pre-b.suf")), 0o700))
	names := []string{"a", "b", "a", "c", "d"}
	next := func() (name string) {
		name, names = names[0], names[1:]
		return name
	}
	opts := fileio.TempOptions{Dir: string(dir), Prefix: "pre-", Suffix: ".suf"}
	name, err := fileio.NewTempName(opts, next, func(name string) error {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL, 0o600)
		if err == nil {
			err = f.Close()
		}
		return err
	})
	wantIs(t, string(dir.Join("pre-c.suf")))(name, err)
	wantContent(t, dir.Join("pre-a.suf"), "of somebody else")

	boom := errors.New("boom")
	_, err = fileio.NewTempName(opts, next, func(string) error { return boom })
	testkit.WantErr(t, err, boom)
	tries := 0
	_, err = fileio.NewTempName(opts, func() string { return "a" }, func(string) error { tries++; return fs.ErrExist })
	testkit.WantErr(t, err, fs.ErrExist)
	if tries < 2 {
		t.Errorf("given up after %d tries", tries)
	}
}

func TestTemporaryNamesMayHaveAnyPrefixAndSuffixButASeparator(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		opts := fileio.TempOptions{Dir: string(dir), Prefix: "ü [*", Suffix: "%d"}
		switch runtime.GOOS {
		case "linux":
			opts.Prefix, opts.Suffix = "\xff*", "*.?\n" // an asterisk, and what is no text
		case "windows":
			opts.Prefix = "ü [" // it knows no asterisks
		}
		f, err := fileio.NamedTempFile(ctx, opts)
		testkit.Must(t, err)
		d, err := fileio.OpenTempDirectory(ctx, opts)
		testkit.Must(t, err)
		for _, p := range []string{f.Name(), string(d.Path())} {
			name := filepath.Base(p)
			if !strings.HasPrefix(name, opts.Prefix) || !strings.HasSuffix(name, opts.Suffix) ||
				len(name) <= len(opts.Prefix+opts.Suffix)+5 {
				t.Errorf("the name is %q", name)
			}
		}
		testkit.Must(t, f.Close(ctx))
		testkit.Must(t, d.Close(ctx))
		wantEmpty(t, dir)
		for _, bad := range []fileio.TempOptions{
			{Dir: string(dir), Prefix: "../x"}, {Dir: string(dir), Suffix: "/x"},
		} {
			var misuse *anyio.MisuseError
			if _, err := fileio.NamedTempFile(ctx, bad); !errors.As(err, &misuse) {
				t.Errorf("%+v: %v, want a *MisuseError", bad, err)
			}
			if _, err := fileio.MkdirTemp(ctx, bad); !errors.As(err, &misuse) {
				t.Errorf("a folder, %+v: %v, want a *MisuseError", bad, err)
			}
		}
		_, err = fileio.NamedTempFile(ctx, fileio.TempOptions{Dir: string(dir), Prefix: strings.Repeat("x", 300)})
		if err == nil || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("a name that is too long: %v", err)
		}
		wantEmpty(t, dir)
	})
}

func TestTemporaryFilesAreRemovedAfterTheWorkingDirectoryHasChanged(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir := folder(t)
		t.Chdir(string(dir))
		opts := fileio.TempOptions{Dir: "."}
		f, err := fileio.NamedTempFile(ctx, opts)
		testkit.Must(t, err)
		d, err := fileio.OpenTempDirectory(ctx, opts)
		testkit.Must(t, err)
		t.Chdir(t.TempDir())
		testkit.Must(t, f.Close(ctx))
		testkit.Must(t, d.Close(ctx))
		wantEmpty(t, dir)
	})
}

// Its name is free as soon as it has none: who takes it must keep it.
func TestFilesWithoutANameRemoveNobodyElsesFile(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("files keep their names there")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		opts := fileio.TempOptions{Dir: t.TempDir()}
		f, err := fileio.TempFile(ctx, opts)
		testkit.Must(t, err)
		s := fileio.SpooledTempFile(0, opts)
		testkit.Must(t, s.Rollover(ctx))
		for _, f := range []*fileio.File{f, &s.File} {
			p := fileio.Path(f.Wrapped().Name())
			wantAbsent(t, p)
			write(t, p, "of somebody else")
			testkit.Must(t, f.Close(ctx))
			wantContent(t, p, "of somebody else")
		}
	})
}
