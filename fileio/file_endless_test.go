//go:build unix

package fileio_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// blockingPipe is a pipe whose ends block.
func blockingPipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	var fds [2]int
	testkit.Must(t, syscall.Pipe(fds[:]))
	return os.NewFile(uintptr(fds[0]), "reads"), os.NewFile(uintptr(fds[1]), "writes")
}

// A pipe that the system cannot wait for stands for a slow disk.
func TestLoopGoesOnWhileAFileIsReadAndItsResultIsKept(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w := blockingPipe(t)
		f := fileio.Wrap(r)
		defer f.Close(ctx)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			reading := tg.Go(func(ctx context.Context) error {
				buf := make([]byte, 10)
				n, err := f.Read(ctx, buf)
				if string(buf[:n]) != "slow" || err != nil {
					t.Errorf("read %q, %v, want what came after the cancellation", buf[:n], err)
				}
				_, err = f.Read(ctx, buf)
				testkit.WantErr(t, err, anyio.ErrCanceled)
				return err
			})
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			reading.Cancel("test")
			_, err := w.WriteString("slow")
			return errors.Join(err, w.Close())
		})
		testkit.Must(t, err)
	}, anyiotest.Skip("sim", "a call is one step there, and nobody could write meanwhile"),
		anyiotest.Skip("parallel", "a call in place looks at nothing but the file"))
}

const oneStep = "a call is one step there, and nobody could cancel or close meanwhile"

// endlessFiles opens what is read from without end, and something to write to it.
func endlessFiles(t *testing.T, ctx context.Context) map[string][2]*fileio.File {
	t.Helper()
	r, w, err := os.Pipe()
	testkit.Must(t, err)
	p := folder(t).Join("fifo")
	testkit.Must(t, syscall.Mkfifo(string(p), 0o600))
	fifo, err := p.OpenFile(ctx, os.O_RDWR, 0)
	testkit.Must(t, err)
	other, err := p.OpenFile(ctx, os.O_WRONLY, 0)
	testkit.Must(t, err)
	return map[string][2]*fileio.File{"pipe": {fileio.Wrap(r), fileio.Wrap(w)}, "FIFO": {fifo, other}}
}

func TestReadThatWaitsIsCanceledAndNoByteIsLost(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for name, ends := range endlessFiles(t, ctx) {
			r, w := ends[0], ends[1]
			for call, f := range map[string]func(ctx context.Context) error{
				"Read":     func(ctx context.Context) error { _, err := r.Read(ctx, make([]byte, 10)); return err },
				"ReadLine": func(ctx context.Context) error { _, err := r.ReadLine(ctx); return err },
				"ReadAll":  func(ctx context.Context) error { _, err := r.ReadAll(ctx); return err },
			} {
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for range 3 {
						tg.Go(func(ctx context.Context) error {
							err := f(ctx)
							testkit.WantErr(t, err, anyio.ErrCanceled)
							return err
						})
					}
					if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
						return err
					}
					tg.Cancel(call + " of a " + name)
					return nil
				})
				testkit.Must(t, err)
			}
			wantIs(t, 9)(w.WriteString(ctx, "half a li"))
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				reading := tg.Go(func(ctx context.Context) error { _, err := r.ReadLine(ctx); return err })
				if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
					return err
				}
				reading.Cancel("in the middle of a line")
				return nil
			})
			testkit.Must(t, err)
			wantIs(t, 9)(w.WriteString(ctx, "ne\nsecond"))
			wantIs(t, "half a line\n")(r.ReadLine(ctx))
			buf := make([]byte, 100)
			wantIs(t, 6)(r.Read(ctx, buf))
			if string(buf[:6]) != "second" {
				t.Errorf("read %q from a %s", buf[:6], name)
			}
			testkit.Must(t, r.Close(ctx))
			testkit.Must(t, w.Close(ctx))
		}
	}, anyiotest.Skip("sim", oneStep))
}

func TestCloseWakesThoseWhoReadAndWrite(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, ends := range endlessFiles(t, ctx) {
			r, w := ends[0], ends[1]
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 3 {
					tg.Go(func(ctx context.Context) error {
						_, err := r.Read(ctx, make([]byte, 10))
						testkit.WantErr(t, err, anyio.ErrClosed)
						_, err = r.ReadLine(ctx)
						testkit.WantErr(t, err, anyio.ErrClosed)
						return nil
					})
				}
				if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
					return err
				}
				return errors.Join(r.Close(ctx), r.Close(ctx))
			})
			testkit.Must(t, err)
			testkit.Must(t, w.Close(ctx))
		}
		r, w, err := os.Pipe()
		testkit.Must(t, err)
		f := fileio.Wrap(w)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(func(ctx context.Context) error {
					_, err := f.WriteString(ctx, strings.Repeat("more than fits", 100_000))
					testkit.WantErr(t, err, anyio.ErrClosed)
					return nil
				})
			}
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			return f.Close(ctx)
		})
		testkit.Must(t, errors.Join(err, r.Close()))
	}, anyiotest.Skip("sim", oneStep))
}

func TestWriteThatWaitsIsCanceledAndTellsHowMuchWasWritten(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r, w, err := os.Pipe()
		testkit.Must(t, err)
		f := fileio.Wrap(w)
		text, written := strings.Repeat("0123456789", 100_000), 0
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			writing := tg.Go(func(ctx context.Context) (err error) {
				written, err = f.WriteString(ctx, text)
				testkit.WantErr(t, err, anyio.ErrCanceled)
				return err
			})
			first := make([]byte, 1)
			wantIs(t, 1)(anyio.RunBlockingValue(ctx, func() (int, error) { return r.Read(first) })) // it has begun
			writing.Cancel("test")
			return nil
		})
		testkit.Must(t, err)
		testkit.Must(t, f.Close(ctx))
		got, err := io.ReadAll(r)
		if written == 0 || string(got) != text[1:written] {
			t.Errorf("%d bytes are in the pipe, %v, and %d were told", len(got), err, written)
		}
		testkit.Must(t, r.Close())
	}, anyiotest.Skip("sim", oneStep))
}

// What was read ahead of a line does not stand in the way of writing back.
func TestTerminalOrFIFOIsReadByLinesAndWritten(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("fifo")
		testkit.Must(t, syscall.Mkfifo(string(p), 0o600))
		f, err := p.OpenFile(ctx, os.O_RDWR, 0)
		testkit.Must(t, err)
		defer f.Close(ctx)
		wantIs(t, 8)(f.WriteString(ctx, "one\ntwo\n"))
		wantIs(t, "one\n")(f.ReadLine(ctx))
		wantIs(t, 6)(f.WriteString(ctx, "three\n"))
		if _, err := f.Seek(ctx, 0, io.SeekStart); !errors.Is(err, syscall.ESPIPE) {
			t.Errorf("seeking in a FIFO: %v", err)
		}
		wantIs(t, "two\n")(f.ReadLine(ctx))
		wantIs(t, "three\n")(f.ReadLine(ctx))
		inCanceled(t, ctx, "Read", func(ctx context.Context) error { _, err := f.Read(ctx, make([]byte, 1)); return err })
	})
}
