package fileio_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/stream"
)

func TestFilesCanBeCanceledEverywhere(t *testing.T) {
	job{body: func(ctx context.Context, dir fileio.Path) error {
		f, err := fileio.Create(ctx, string(dir.Join("file")))
		if err != nil {
			return err
		}
		defer f.Close(ctx)
		if n, err := f.WriteString(ctx, "one two "); err != nil && n == 0 {
			return err
		} else if err != nil {
			return fmt.Errorf("%d bytes were written, and yet: %v", n, err)
		}
		if _, err := f.WriteAt(ctx, []byte("ONE"), 0); err != nil {
			return err
		}
		at, err := f.Seek(ctx, 4, io.SeekStart)
		if err := wanted(err, at == 4, "moved to %d", at); err != nil {
			return err
		}
		buf := make([]byte, 3)
		n, err := f.Read(ctx, buf)
		if err := wanted(err, string(buf[:n]) == "two", "read %q", buf[:n]); err != nil {
			return err
		}
		if err := f.Truncate(ctx, 7); err != nil {
			return err
		}
		if err := f.Sync(ctx); err != nil {
			return err
		}
		if _, err := f.WriteString(ctx, " three"); err != nil {
			return err
		}
		if err := f.Close(ctx); err != nil {
			return err
		}
		g, err := fileio.Open(ctx, string(dir.Join("file")))
		if err != nil {
			return err
		}
		defer g.Close(ctx)
		line, err := g.ReadLine(ctx)
		return wanted(err, line == "ONE two three", "the line is %q", line)
	}, check: func(dir fileio.Path, done bool) error {
		return oneOf(dir.Join("file"), done, "(none)", "", "one two ", "ONE two ", "ONE two", "ONE two three")
	}}.cancelEverywhere(t)
}

func TestWholeFilesCanBeCanceledEverywhere(t *testing.T) {
	job{make: func(_ context.Context, dir fileio.Path) error {
		return os.WriteFile(string(dir.Join("bytes")), []byte("old"), 0o666)
	}, body: func(ctx context.Context, dir fileio.Path) error {
		if err := dir.Join("bytes").WriteBytes(ctx, []byte("new")); err != nil {
			return err
		}
		if err := dir.Join("text").WriteText(ctx, "new"); err != nil {
			return err
		}
		s, err := stream.AppendFile(ctx, string(dir.Join("text")))
		if err != nil {
			return err
		}
		defer s.Close(ctx)
		return s.Send(ctx, []byte("er"))
	}, check: func(dir fileio.Path, done bool) error {
		return errors.Join(oneOf(dir.Join("bytes"), done, "old", "new"), oneOf(dir.Join("text"), done, "(none)", "new", "newer"))
	}}.cancelEverywhere(t)
}

func TestCopyCanBeCanceledEverywhere(t *testing.T) {
	large := strings.Repeat("x", 4*mebibyte+1) // in two pieces
	source := folder(t).Join("large")
	write(t, source, large)
	job{make: func(_ context.Context, dir fileio.Path) error {
		return os.WriteFile(string(dir.Join("there")), []byte("old"), 0o666)
	}, body: func(ctx context.Context, dir fileio.Path) error {
		if err := fileio.Copy(ctx, dir.Join("new"), source, nil); err != nil {
			return err
		}
		return fileio.Copy(ctx, dir.Join("there"), source, nil)
	}, check: func(dir fileio.Path, done bool) error {
		return errors.Join(oneOf(dir.Join("new"), done, "(none)", large), oneOf(dir.Join("there"), done, "old", "(none)", large))
	}}.cancelEverywhere(t)
}

// family is what folders are filled with in order to be copied, moved and walked.
var family = []string{"a/1", "a/2", "a/deep/3", "b/4", "c"}

func fill(_ context.Context, dir fileio.Path) error {
	for _, name := range family {
		p := string(dir.Join("from", name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(p), 0o755), os.WriteFile(p, []byte(name), 0o644)); err != nil {
			return err
		}
	}
	return nil
}

// wantFamily wants the files to be in a folder: all of them, or some if that is enough.
func wantFamily(dir fileio.Path, all bool) (err error) {
	for _, name := range family {
		if got := content(dir.Join(name)); got != name && (all || got != "(none)") {
			err = errors.Join(err, fmt.Errorf("%s has %q", dir.Join(name), got))
		}
	}
	return err
}

func TestCopyOfFoldersCanBeCanceledEverywhere(t *testing.T) {
	job{make: fill, body: func(ctx context.Context, dir fileio.Path) error {
		_, err := dir.Join("from").Copy(ctx, dir.Join("to"), fileio.CopyOptions{PreserveMetadata: true})
		return err
	}, check: func(dir fileio.Path, done bool) error {
		return errors.Join(wantFamily(dir.Join("from"), true), wantFamily(dir.Join("to"), done))
	}}.cancelEverywhere(t)
}

func TestMoveCanBeCanceledEverywhere(t *testing.T) {
	for name, move := range map[string]func(fileio.Path, context.Context, fileio.Path) (fileio.Path, error){
		"rename": fileio.Path.Move, "copy": fileio.MoveByCopy,
	} {
		t.Run(name, func(t *testing.T) {
			job{make: fill, body: func(ctx context.Context, dir fileio.Path) error {
				if _, err := move(dir.Join("from"), ctx, dir.Join("to")); err != nil {
					return err
				}
				_, err := move(dir.Join("to"), ctx, dir.Join("end"))
				return err
			}, check: func(dir fileio.Path, done bool) error {
				entries, err := os.ReadDir(string(dir))
				if err != nil || len(entries) != 1 || done && entries[0].Name() != "end" {
					return fmt.Errorf("done: %t, and there are %v, %v", done, entries, err)
				}
				return wantFamily(dir.Join(entries[0].Name()), true)
			}}.cancelEverywhere(t)
		})
	}
}

func TestWalkingCanBeCanceledEverywhere(t *testing.T) {
	job{make: fill, body: func(ctx context.Context, dir fileio.Path) error {
		from := dir.Join("from")
		walked, globbed, listed := 0, 0, 0
		for _, err := range from.Walk(ctx, fileio.WalkOptions{FollowSymlinks: true}) {
			if err != nil {
				return err
			}
			walked++
		}
		for _, err := range from.Glob(ctx, "**/?") {
			if err != nil {
				return err
			}
			globbed++
		}
		for _, err := range from.Children(ctx) {
			if err != nil {
				return err
			}
			listed++
		}
		if walked != 4 || globbed != 7 || listed != 3 {
			return fmt.Errorf("%d, %d and %d were found", walked, globbed, listed)
		}
		return nil
	}, check: func(dir fileio.Path, _ bool) error { return wantFamily(dir.Join("from"), true) }}.cancelEverywhere(t)
}

func TestTemporaryFilesCanBeCanceledEverywhere(t *testing.T) {
	job{body: func(ctx context.Context, dir fileio.Path) error {
		opts := fileio.TempOptions{Dir: string(dir)}
		f, err := fileio.TempFile(ctx, opts)
		if err != nil {
			return err
		}
		defer f.Close(ctx)
		g, err := fileio.NamedTempFile(ctx, opts)
		if err != nil {
			return err
		}
		defer g.Close(ctx)
		d, err := fileio.OpenTempDirectory(ctx, opts)
		if err != nil {
			return err
		}
		defer d.Close(ctx)
		s := fileio.SpooledTempFile(4, opts)
		defer s.Close(ctx)
		for _, f := range []*fileio.File{f, g, &s.File} {
			if err := f.WriteLines(ctx, "one", "two", "three"); err != nil {
				return err
			}
			at, err := f.Tell(ctx)
			if err := wanted(err, at == 11, "%d bytes were written", at); err != nil {
				return err
			}
		}
		return d.Path().Join("sub").Mkdir(ctx, fileio.MkdirOptions{})
	}, check: func(dir fileio.Path, _ bool) error {
		if entries, err := os.ReadDir(string(dir)); err != nil || len(entries) > 0 {
			return fmt.Errorf("left behind: %v, %v", entries, err)
		}
		return nil
	}}.cancelEverywhere(t)
}

// Closing in a canceled scope closes, and says so.
func TestCloseCanBeCanceledEverywhere(t *testing.T) {
	job{body: func(ctx context.Context, dir fileio.Path) error {
		f, err := fileio.Create(ctx, string(dir.Join("file")))
		if err != nil {
			return err
		}
		d, err := fileio.OpenTempDirectory(ctx, fileio.TempOptions{Dir: string(dir)})
		if err != nil {
			return errors.Join(err, f.Close(ctx))
		}
		_, err = f.WriteString(ctx, "x")
		if closing := errors.Join(f.Close(ctx), d.Close(ctx)); closing != nil || !f.Closed() {
			return fmt.Errorf("closing: %v", closing)
		}
		if _, after := f.Write(ctx, nil); after == nil || !errors.Is(after, anyio.ErrClosed) && !errors.Is(after, anyio.ErrCanceled) {
			return fmt.Errorf("after closing: %v", after)
		}
		return err
	}, check: func(dir fileio.Path, _ bool) error {
		if entries, err := os.ReadDir(string(dir)); err != nil || len(entries) > 1 {
			return fmt.Errorf("left behind: %v, %v", entries, err)
		}
		return oneOf(dir.Join("file"), false, "(none)", "", "x")
	}}.cancelEverywhere(t)
}
