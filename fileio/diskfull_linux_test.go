package fileio_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

const kibibyte = 1 << 10

// onFullDisks are the tests that need a small disk.
var onFullDisks = map[string]func(t *testing.T, ctx context.Context){
	"files":             filesOnAFullDisk,
	"whole files":       wholeFilesOnAFullDisk,
	"copies":            copiesOnAFullDisk,
	"copies of folders": copiesOfFoldersOnAFullDisk,
	"moves":             movesToAFullDisk,
	"temporary files":   temporaryFilesOnAFullDisk,
	"spooled files":     spooledFilesOnAFullDisk,
	"no more files":     noMoreFiles,
	"streams":           streamsOnAFullDisk,
}

func TestFullDisk(t *testing.T) {
	if !withOwnMounts(t) {
		return
	}
	for name, f := range onFullDisks {
		t.Run(name, func(t *testing.T) { anyiotest.Run(t, f, anyiotest.Seeds(1)) })
	}
}

// wantFull wants the error of a full disk, which names the path.
func wantFull(t *testing.T, err error, path fileio.Path) {
	t.Helper()
	if !errors.Is(err, errNoSpace) || !strings.Contains(err.Error(), string(path)) {
		t.Errorf("error %v, want ENOSPC and %s", err, path)
	}
}

// wantSize wants so many bytes to be in a file.
func wantSize(t *testing.T, p fileio.Path, want int) {
	t.Helper()
	if info, err := os.Stat(string(p)); err != nil || info.Size() != int64(want) {
		t.Errorf("%s: %v, %v, want %d bytes", p, info, err, want)
	}
}

func filesOnAFullDisk(t *testing.T, ctx context.Context) {
	p := smallDisk(t, "size=64k").Join("file")
	f, err := fileio.Create(ctx, string(p))
	testkit.Must(t, err)
	n, err := f.Write(ctx, make([]byte, 100*kibibyte))
	wantFull(t, err, p)
	if n != 64*kibibyte {
		t.Errorf("%d bytes were written", n)
	}
	wantSize(t, p, n)
	wantIs(t, int64(n))(f.Tell(ctx))
	n, err = f.WriteAt(ctx, []byte("more"), 80*kibibyte)
	wantFull(t, err, p)
	if n != 0 {
		t.Errorf("%d bytes were written at an offset", n)
	}
	n, err = f.WriteString(ctx, "more")
	wantFull(t, err, p)
	if n != 0 {
		t.Errorf("%d more bytes were written", n)
	}
	wantFull(t, f.WriteLines(ctx, "a line\n"), p)
	testkit.Must(t, f.Truncate(ctx, 10)) // then there is space
	wantIs(t, int64(10))(f.Seek(ctx, 0, io.SeekEnd))
	testkit.Must(t, f.WriteLines(ctx, "a line\n"))
	testkit.Must(t, f.Close(ctx))
	wantSize(t, p, 17)
}

// A file that does not fit has as much as fits, as documented.
func wholeFilesOnAFullDisk(t *testing.T, ctx context.Context) {
	p := smallDisk(t, "size=64k").Join("file")
	wantFull(t, p.WriteBytes(ctx, make([]byte, 100*kibibyte)), p)
	wantSize(t, p, 64*kibibyte)
	wantFull(t, p.WriteText(ctx, strings.Repeat("x", 100*kibibyte)), p)
	wantSize(t, p, 64*kibibyte)
}

func copiesOnAFullDisk(t *testing.T, ctx context.Context) {
	p := smallDisk(t, "size=5m").Join("copy")
	src := fileWith(t, strings.Repeat("x", 9*mebibyte))
	for range 2 {
		var told []int64
		err := fileio.Copy(ctx, p, src, func(done, total int64) {
			if told = append(told, done); total != 9*mebibyte {
				t.Errorf("total of %d", total)
			}
		})
		wantFull(t, err, p)
		wantList(t, told, 4*mebibyte) // the second piece did not fit
		wantAbsent(t, p)
		write(t, p, "old") // for the second time
	}
}

func copiesOfFoldersOnAFullDisk(t *testing.T, ctx context.Context) {
	dir := smallDisk(t, "size=64k")
	src := folder(t)
	for _, name := range []string{"a", "b", "c", "d"} {
		write(t, src.Join(name), strings.Repeat(name, 30*kibibyte))
	}
	_, err := src.Copy(ctx, dir.Join("to"), fileio.CopyOptions{})
	wantFull(t, err, dir.Join("to/c"))
	wantList(t, collect(t, dir, dir.Glob(ctx, "*/*")), "to/a", "to/b")
	wantSize(t, dir.Join("to/b"), 30*kibibyte)
}

func movesToAFullDisk(t *testing.T, ctx context.Context) {
	dir := smallDisk(t, "size=64k")
	src := tree(t, "from/a", "from/z")
	write(t, src.Join("from/m"), strings.Repeat("m", 100*kibibyte))
	_, err := src.Join("from").Move(ctx, dir.Join("to"))
	wantFull(t, err, dir.Join("to/m"))
	wantEmpty(t, dir)
	wantContent(t, src.Join("from/a"), "from/a")
	wantSize(t, src.Join("from/m"), 100*kibibyte)
	wantContent(t, src.Join("from/z"), "from/z")
	wantIs(t, dir.Join("a"))(src.Join("from/a").Move(ctx, dir.Join("a")))
	wantAbsent(t, src.Join("from/a"))
	wantContent(t, dir.Join("a"), "from/a")
}

func temporaryFilesOnAFullDisk(t *testing.T, ctx context.Context) {
	dir := smallDisk(t, "size=64k")
	for _, open := range []func(context.Context, fileio.TempOptions) (*fileio.File, error){fileio.TempFile, fileio.NamedTempFile} {
		f, err := open(ctx, fileio.TempOptions{Dir: string(dir)})
		testkit.Must(t, err)
		n, err := f.Write(ctx, make([]byte, 100*kibibyte))
		wantFull(t, err, fileio.Path(f.Name()))
		if n != 64*kibibyte {
			t.Errorf("%d bytes were written", n)
		}
		testkit.Must(t, f.Close(ctx))
		wantEmpty(t, dir)
	}
	d, err := fileio.OpenTempDirectory(ctx, fileio.TempOptions{Dir: string(dir)})
	testkit.Must(t, err)
	wantFull(t, d.Path().Join("x").WriteBytes(ctx, make([]byte, 100*kibibyte)), d.Path().Join("x"))
	testkit.Must(t, d.Close(ctx))
	wantEmpty(t, dir)
}

func spooledFilesOnAFullDisk(t *testing.T, ctx context.Context) {
	dir := smallDisk(t, "size=64k")
	f := fileio.SpooledTempFile(100*kibibyte, fileio.TempOptions{Dir: string(dir)})
	wantIs(t, 100*kibibyte)(f.WriteString(ctx, strings.Repeat("x", 100*kibibyte)))
	n, err := f.WriteString(ctx, "y") // it does not fit in memory, nor do all on the disk
	wantFull(t, err, dir)
	wantFull(t, f.Rollover(ctx), dir)
	if n != 0 || !f.InMemory() {
		t.Errorf("%d bytes were written, in memory: %t", n, f.InMemory())
	}
	wantEmpty(t, dir)
	wantIs(t, int64(0))(f.Seek(ctx, 0, io.SeekStart))
	data, err := f.ReadAll(ctx)
	if string(data) != strings.Repeat("x", 100*kibibyte) || err != nil {
		t.Errorf("%d bytes were kept, %v", len(data), err)
	}
	testkit.Must(t, f.Close(ctx))

	f = fileio.SpooledTempFile(10, fileio.TempOptions{Dir: string(dir)})
	n, err = f.Write(ctx, make([]byte, 100*kibibyte)) // it rolls over before
	wantFull(t, err, dir)
	if n != 64*kibibyte || f.InMemory() {
		t.Errorf("%d bytes were written, in memory: %t", n, f.InMemory())
	}
	testkit.Must(t, f.Close(ctx))
	wantEmpty(t, dir)
}

func noMoreFiles(t *testing.T, ctx context.Context) {
	dir := smallDisk(t, "nr_inodes=1") // taken by the folder itself
	opts := fileio.TempOptions{Dir: string(dir)}
	p := dir.Join("x")
	for name, make := range map[string]func() error{
		"Create":            func() error { _, err := fileio.Create(ctx, string(p)); return err },
		"TempFile":          func() error { _, err := fileio.TempFile(ctx, opts); return err },
		"NamedTempFile":     func() error { _, err := fileio.NamedTempFile(ctx, opts); return err },
		"OpenTempDirectory": func() error { _, err := fileio.OpenTempDirectory(ctx, opts); return err },
		"Mkdir":             func() error { return p.Mkdir(ctx, fileio.MkdirOptions{}) },
		"SymlinkTo":         func() error { return p.SymlinkTo(ctx, "y") },
		"Touch":             func() error { return p.Touch(ctx) },
		"Copy":              func() error { return fileio.Copy(ctx, p, fileWith(t, "x"), nil) },
		"Rollover":          func() error { return fileio.SpooledTempFile(1, opts).Rollover(ctx) },
		"CreateFile":        func() error { _, err := stream.CreateFile(ctx, string(p)); return err },
	} {
		if err := make(); !errors.Is(err, errNoSpace) || !strings.Contains(err.Error(), string(dir)) {
			t.Errorf("%s: error %v, want ENOSPC and %s", name, err, dir)
		}
	}
	wantEmpty(t, dir)
	_, err := fileWith(t, "x").Move(ctx, p)
	wantFull(t, err, p)
}

func streamsOnAFullDisk(t *testing.T, ctx context.Context) {
	p := smallDisk(t, "size=64k").Join("file")
	s, err := stream.CreateFile(ctx, string(p))
	testkit.Must(t, err)
	n, err := s.SendCounted(ctx, make([]byte, 100*kibibyte))
	wantFull(t, err, p)
	testkit.WantErr(t, err, anyio.ErrBroken)
	if n != 64*kibibyte {
		t.Errorf("%d bytes were sent", n)
	}
	wantSize(t, p, n)
	err = s.Send(ctx, []byte("more"))
	wantFull(t, err, p)
	testkit.WantErr(t, err, anyio.ErrBroken)
	if e, ok := errors.AsType[*fs.PathError](err); !ok || e.Path != string(p) {
		t.Errorf("error %v, want a *PathError", err)
	}
	testkit.Must(t, s.Close(ctx))
	s, err = stream.AppendFile(ctx, string(p))
	testkit.Must(t, err)
	wantFull(t, s.Send(ctx, []byte("more")), p)
	testkit.Must(t, s.Close(ctx))
	wantSize(t, p, 64*kibibyte)
}
