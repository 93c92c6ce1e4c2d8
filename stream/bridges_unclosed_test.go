package stream_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// leaveByteStreamsOpen makes one stream of each kind and closes none, and then one of
// each that it closes.
//
//go:noinline
func leaveByteStreamsOpen(t *testing.T, path string) (line int) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		rwc := &halves{ReadCloser: io.NopCloser(strings.NewReader("")), w: nopCloser{io.Discard}}
		_, _, line, _ = runtime.Caller(0)
		stream.Pipe(0)
		stream.NewPipeListener(0)
		stream.FromReader(strings.NewReader(""))
		stream.FromWriter(io.Discard)
		stream.FromReadWriteCloser(rwc)
		_, err1 := stream.OpenFile(ctx, path)
		_, err2 := stream.CreateFile(ctx, path)
		_, err3 := stream.AppendFile(ctx, path)

		a, b := stream.Pipe(0)
		r, err4 := stream.OpenFile(ctx, path)
		w, err5 := stream.AppendFile(ctx, path)
		for _, err := range []error{err1, err2, err3, err4, err5} {
			if err != nil {
				return err
			}
		}
		for _, c := range []anyio.Resource{
			a, b, r, w, stream.NewPipeListener(0), stream.FromReader(&bytes.Buffer{}), stream.FromWriter(io.Discard), stream.FromReadWriteCloser(rwc),
		} {
			if err := c.Close(ctx); err != nil {
				t.Error(err)
			}
		}
		return nil
	}, anyio.Debug())
	if err != nil {
		t.Error(err)
	}
	return line
}

func TestUnclosedByteStreamsAreReportedInDebugRuns(t *testing.T) {
	log := testkit.CaptureGarbage(t)
	path := t.TempDir() + string(os.PathSeparator) + "file"
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	line := leaveByteStreamsOpen(t, path)
	wants := []string{"Pipe", "PipeListener", "FromReader", "FromWriter", "FromReadWriteCloser", "FileReadStream", "FileWriteStream", "FileWriteStream"}
	const here = "bridges_unclosed_test.go:"
	text := log.Collect(len(wants)+1, here)
	for i, what := range wants {
		want := fmt.Sprintf("unclosed stream.%s created at bridges_unclosed_test.go:%d", what, line+1+i)
		count := 1
		if what == "Pipe" {
			count = 2 // both ends
		}
		if strings.Count(text, want) != count {
			t.Errorf("want %d times %q in\n%s", count, want, text)
		}
	}
	if n := strings.Count(text, here); n != len(wants)+1 {
		t.Errorf("%d reports, want %d\n%s", n, len(wants)+1, text)
	}
}
