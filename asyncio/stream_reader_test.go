package asyncio_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// fed returns a reader with data.
func fed(t *testing.T, ctx context.Context, limit int, data string, eof bool) *asyncio.StreamReader {
	t.Helper()
	r := asyncio.NewStreamReader(loopOf(t, ctx), limit)
	testkit.WantNil(t, "FeedData", r.FeedData([]byte(data)))
	if eof {
		r.FeedEOF()
	}
	return r
}

func wantData(t *testing.T, what string, got []byte, err error, want string) {
	t.Helper()
	if string(got) != want || err != nil {
		t.Errorf("%s: %q %v, want %q", what, got, err, want)
	}
}

func TestReadReturnsWhatThereIs(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := fed(t, ctx, 0, "hello", false)
		got, err := r.Read(ctx, 2)
		wantData(t, "2", got, err, "he")
		got, err = r.Read(ctx, 100)
		wantData(t, "the rest", got, err, "llo")
		got, err = r.Read(ctx, 0)
		wantData(t, "nothing", got, err, "")
		loopOf(t, ctx).CallSoon(func() { _ = r.FeedData([]byte("later")) })
		got, err = r.Read(ctx, 100)
		wantData(t, "later", got, err, "later")
		loopOf(t, ctx).CallSoon(r.FeedEOF)
		if _, err := r.Read(ctx, 1); err != io.EOF || !r.AtEOF() {
			t.Error(err)
		}
		_, err = r.Read(ctx, -1)
		testkit.WantMisuse(t, "negative", err)
		testkit.WantMisuse(t, "FeedData after FeedEOF", r.FeedData([]byte("x")))
		got, err = fed(t, ctx, 3, "all of it, beyond the limit", true).ReadAll(ctx)
		wantData(t, "ReadAll", got, err, "all of it, beyond the limit")
	})
}

func TestReadExactlyIsNotLimited(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := fed(t, ctx, 2, "abc", false)
		loopOf(t, ctx).CallSoon(func() { _ = r.FeedData([]byte("defg")) })
		got, err := r.ReadExactly(ctx, 6)
		wantData(t, "6", got, err, "abcdef")
		got, err = r.ReadExactly(ctx, 0)
		wantData(t, "0", got, err, "")
		r.FeedEOF()
		_, err = r.ReadExactly(ctx, 2)
		var e *asyncio.IncompleteReadError
		if !as(err, &e) || string(e.Partial) != "g" || e.Expected != 2 || !errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
			t.Errorf("%v", err)
		}
		_, err = r.ReadExactly(ctx, 2)
		testkit.WantIs(t, "at the end", err, io.EOF)
		_, err = r.ReadExactly(ctx, -1)
		testkit.WantMisuse(t, "negative", err)
	})
}

func TestReadUntilKeepsWhatIsTooLong(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := fed(t, ctx, 8, "one--two", false)
		got, err := r.ReadUntil(ctx, []byte("--"))
		wantData(t, "first", got, err, "one--")
		r2 := r
		loopOf(t, ctx).CallSoon(func() { _ = r2.FeedData([]byte("-")); _ = r2.FeedData([]byte("-x")) }) // in two halves
		got, err = r.ReadUntil(ctx, []byte("--"))
		wantData(t, "second", got, err, "two--")
		r.FeedEOF()
		var incomplete *asyncio.IncompleteReadError
		if _, err := r.ReadUntil(ctx, []byte("--")); !as(err, &incomplete) || string(incomplete.Partial) != "x" || !r.AtEOF() {
			t.Errorf("%v", err)
		}
		_, err = r.ReadUntil(ctx, nil)
		testkit.WantMisuse(t, "no separator", err)

		for _, c := range []struct {
			data     string
			consumed int
		}{{"123456789--", 9}, {"123456789", 8}} {
			r := fed(t, ctx, 7, c.data, false)
			var overrun *asyncio.LimitOverrunError
			if _, err := r.ReadUntil(ctx, []byte("--")); !as(err, &overrun) || overrun.Consumed != c.consumed {
				t.Errorf("%s: %+v", c.data, err)
			}
			got, err := r.ReadExactly(ctx, len(c.data))
			wantData(t, "kept", got, err, c.data)
		}
	})
}

func TestReadLineDropsWhatIsTooLong(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := fed(t, ctx, 4, "a\n\nlonger than that\nb\nlast", true)
		lines := []string{}
		for {
			line, err := r.ReadLine(ctx)
			var overrun *asyncio.LimitOverrunError
			if err == io.EOF {
				break
			}
			if as(err, &overrun) {
				line = []byte("<dropped>")
			} else if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, string(line))
		}
		if got := strings.Join(lines, "|"); got != "a\n|\n|<dropped>|b\n|last" {
			t.Errorf("%q", got)
		}
		all := ""
		for line, err := range fed(t, ctx, 0, "x\ny", true).Lines(ctx) {
			all += string(line) + ","
			testkit.WantNil(t, "Lines", err)
		}
		if all != "x\n,y," {
			t.Errorf("%q", all)
		}
	})
}

func TestReaderFailsWithItsError(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := fed(t, ctx, 0, "", false)
		loopOf(t, ctx).CallSoon(func() { r.SetErr(testkit.ErrBoom) })
		if _, err := r.Read(ctx, 1); err != testkit.ErrBoom || r.Err() != testkit.ErrBoom {
			t.Error(err)
		}
		for _, read := range []func() ([]byte, error){
			func() ([]byte, error) { return r.ReadExactly(ctx, 1) },
			func() ([]byte, error) { return r.ReadLine(ctx) },
			func() ([]byte, error) { return r.ReadAll(ctx) },
		} {
			if _, err := read(); err != testkit.ErrBoom {
				t.Error(err)
			}
		}
	})
}

func TestOneTaskReadsAtATimeAndMayBeCanceled(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := fed(t, ctx, 0, "", false)
		first := asyncio.CreateTask(ctx, func(ctx context.Context) ([]byte, error) { return r.ReadLine(ctx) })
		anyioWaits(t, ctx)
		_, err := r.Read(ctx, 1)
		testkit.WantMisuse(t, "the second", err)
		testkit.WantNil(t, "FeedData", r.FeedData([]byte("half")))
		anyioWaits(t, ctx)
		first.Cancel("")
		_, err = first.Await(ctx)
		testkit.WantIs(t, "canceled", err, anyio.ErrCanceled)
		testkit.WantNil(t, "FeedData", r.FeedData([]byte(" line\n")))
		got, err := r.ReadLine(ctx)
		wantData(t, "nothing is lost", got, err, "half line\n")
	})
}

// Python's read waits for ever here.
func TestErrorAfterDataThatAreNotEnough(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		r := asyncio.NewStreamReader(loopOf(t, ctx), 0)
		read := asyncio.CreateTask(ctx, func(ctx context.Context) ([]byte, error) { return r.ReadExactly(ctx, 9) })
		testkit.WantNil(t, "WaitAllTasksBlocked", anyio.WaitAllTasksBlocked(ctx))
		testkit.WantNil(t, "FeedData", r.FeedData([]byte("abc")))
		r.SetErr(testkit.ErrBoom)
		if data, err := read.Await(ctx); !errors.Is(err, testkit.ErrBoom) {
			t.Errorf("%q, %v", data, err)
		}
	})
}
