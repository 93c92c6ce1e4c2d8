package fileio_test

import (
	"context"
	"io"
	"math"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// With as many bytes as fit it is in memory, with one more it is not.
func TestSpooledFileRollsOverAtItsExactSize(t *testing.T) {
	const size = 100
	type file = fileio.SpooledFile
	text := strings.Repeat("x", size+1)
	for name, grow := range map[string]func(ctx context.Context, f *file, n int) error{
		"Write": func(ctx context.Context, f *file, n int) error {
			_, err := f.WriteString(ctx, text[:n])
			return err
		},
		"Write at the end": func(ctx context.Context, f *file, n int) error {
			if _, err := f.WriteString(ctx, text[:n-1]); err != nil {
				return err
			}
			_, err := f.WriteString(ctx, "x")
			return err
		},
		"Write beyond the end": func(ctx context.Context, f *file, n int) error {
			if _, err := f.Seek(ctx, int64(n-3), io.SeekStart); err != nil {
				return err
			}
			_, err := f.WriteString(ctx, "xxx")
			return err
		},
		"WriteAt": func(ctx context.Context, f *file, n int) error {
			_, err := f.WriteAt(ctx, []byte("xx"), int64(n-2))
			return err
		},
		"WriteLines": func(ctx context.Context, f *file, n int) error {
			return f.WriteLines(ctx, text[:n-10], "12345", "1234\n")
		},
		"Truncate": func(ctx context.Context, f *file, n int) error { return f.Truncate(ctx, int64(n)) },
	} {
		t.Run(name, func(t *testing.T) {
			anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
				opts := fileio.TempOptions{Dir: t.TempDir()}
				for n, inMemory := range map[int]bool{size: true, size + 1: false} {
					f := fileio.SpooledTempFile(size, opts)
					testkit.Must(t, grow(ctx, f, n))
					if f.InMemory() != inMemory {
						t.Errorf("with %d bytes of %d it is in memory: %v", n, size, f.InMemory())
					}
					if info, err := f.Stat(ctx); err != nil || info.Size() != int64(n) {
						t.Errorf("%v, %v, want %d bytes", info, err, n)
					}
					testkit.Must(t, f.Close(ctx))
				}
			})
		})
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		f := fileio.SpooledTempFile(size, fileio.TempOptions{Dir: t.TempDir()})
		defer f.Close(ctx)
		wantIs(t, int64(math.MaxInt64))(f.Seek(ctx, math.MaxInt64, io.SeekStart))
		wantIs(t, 0)(f.Write(ctx, nil))
		wantIs(t, 0)(f.WriteAt(ctx, nil, 2*size))
		if !f.InMemory() {
			t.Error("it rolled over without a byte")
		}
	})
}

func TestSpooledFileDoesNotTakeAllMemoryThereIs(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, maxSize := range []int64{-1, 0} {
			f := fileio.SpooledTempFile(maxSize, fileio.TempOptions{Dir: t.TempDir()})
			for _, far := range []int64{1 << 31, 1 << 60, math.MaxInt64 - 1, math.MaxInt64} {
				_, err := f.Seek(ctx, far, io.SeekStart)
				testkit.Must(t, err)
				n, err := f.WriteString(ctx, "xx")
				testkit.WantErr(t, err, syscall.EFBIG)
				m, err := f.WriteAt(ctx, []byte("xx"), far)
				testkit.WantErr(t, err, syscall.EFBIG)
				testkit.WantErr(t, f.Truncate(ctx, far), syscall.EFBIG)
				if n != 0 || m != 0 {
					t.Errorf("%d and %d bytes were written at %d", n, m, far)
				}
				if _, err := f.Seek(ctx, math.MaxInt64, io.SeekCurrent); err == nil {
					t.Errorf("it has moved %d bytes on from %d", int64(math.MaxInt64), far)
				}
				if _, err := f.Read(ctx, make([]byte, 1)); err != io.EOF {
					t.Errorf("reading at %d: %v", far, err)
				}
			}
			if info, err := f.Stat(ctx); err != nil || info.Size() != 0 || !f.InMemory() {
				t.Errorf("%v, %v, in memory: %v", info, err, f.InMemory())
			}
			testkit.Must(t, f.Close(ctx))
		}
		f := fileio.SpooledTempFile(math.MaxInt64, fileio.TempOptions{Dir: t.TempDir()})
		defer f.Close(ctx)
		wantIs(t, 1)(f.WriteAt(ctx, []byte("x"), 3<<30))
		if f.InMemory() {
			t.Error("more than fits into memory is in memory")
		}
	})
}
