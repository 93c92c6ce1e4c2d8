package fileio_test

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

func TestNegativeAndHugeSizesAndWrongWhenceAreErrorsOfTheSystem(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, readLine := range []bool{false, true} { // which leaves bytes that were read ahead
			p := fileWith(t, "line\nline\n")
			f, err := fileio.OpenFile(ctx, string(p), os.O_RDWR, 0)
			testkit.Must(t, err)
			at := int64(0)
			if readLine {
				wantIs(t, "line\n")(f.ReadLine(ctx))
				at = 5
			}
			buf := make([]byte, 2)
			for name, call := range map[string]func() error{
				"Seek before the begin":      func() error { _, err := f.Seek(ctx, -1, io.SeekStart); return err },
				"Seek far before the begin":  func() error { _, err := f.Seek(ctx, math.MinInt64, io.SeekCurrent); return err },
				"Seek before, from the end":  func() error { _, err := f.Seek(ctx, -11, io.SeekEnd); return err },
				"Seek further than there is": func() error { _, err := f.Seek(ctx, math.MaxInt64, io.SeekEnd); return err },
				"Seek from nowhere":          func() error { _, err := f.Seek(ctx, 0, 99); return err },
				"Truncate":                   func() error { return f.Truncate(ctx, -1) },
				"Truncate to all there is":   func() error { return f.Truncate(ctx, math.MaxInt64) },
				"ReadAt":                     func() error { _, err := f.ReadAt(ctx, buf, -1); return err },
				"WriteAt":                    func() error { _, err := f.WriteAt(ctx, buf, -1); return err },
				"WriteAt the end of all":     func() error { _, err := f.WriteAt(ctx, buf, math.MaxInt64-1); return err },
			} {
				err := call()
				if err == nil || err == io.EOF || errors.Is(err, anyio.ErrClosed) || errors.Is(err, anyio.ErrCanceled) {
					t.Errorf("%s: %v", name, err)
				}
				wantIs(t, at)(f.Tell(ctx))
			}
			wantContent(t, p, "line\nline\n")
			testkit.Must(t, f.Close(ctx))
		}
	})
}
