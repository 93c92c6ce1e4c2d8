package fileio_test

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func linesOf(ctx context.Context, f *fileio.TextFile) (lines []string, err error) {
	for line, err := range f.Lines(ctx) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, line)
	}
	return lines, nil
}

func TestLinesOfTextAreReadInTheirEncoding(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, c := range []struct {
			content string
			newline fileio.Newline
			want    []string
		}{
			{"a\nb\r\nc\rd", fileio.LF, []string{"a\n", "b\r\n", "c\rd"}},
			{"a\nb\r\nc\rd", fileio.CRLF, []string{"a\n", "b\n", "c\rd"}},
			{"a\nb\r\nc\rd", fileio.CR, []string{"a\n", "b\n", "\n", "c\n", "d"}},
			{"a\nb\r\nc\rd", fileio.AnyNewline, []string{"a\n", "b\n", "c\n", "d"}},
			{"a\r", fileio.AnyNewline, []string{"a\n"}},
			{"a\r", fileio.CRLF, []string{"a\r"}},
			{"\r\n\r\n", fileio.AnyNewline, []string{"\n", "\n"}},
			{"", fileio.AnyNewline, nil},
			// An end of a line where one piece ends and the next begins.
			{strings.Repeat("x", 8191) + "\r\ny", fileio.AnyNewline, []string{strings.Repeat("x", 8191) + "\n", "y"}},
			{strings.Repeat("x", 8191) + "\r\ny", fileio.CRLF, []string{strings.Repeat("x", 8191) + "\n", "y"}},
			{strings.Repeat("x", 20000) + "\r", fileio.AnyNewline, []string{strings.Repeat("x", 20000) + "\n"}},
		} {
			f, err := fileio.OpenText(ctx, string(fileWith(t, c.content)))
			testkit.Must(t, err)
			f.Newline = c.newline
			if got, err := linesOf(ctx, f); !slices.Equal(got, c.want) || err != nil {
				t.Errorf("%.20q, newline %d: %.40q, %v, want %.40q", c.content, c.newline, got, err, c.want)
			}
			testkit.Must(t, f.Close(ctx))
		}
		f, err := fileWith(t, "gr\xfc\xdfe\nhallo\n").OpenText(ctx, stream.Encoding("iso-8859-1"))
		testkit.Must(t, err)
		defer f.Close(ctx)
		if got, err := linesOf(ctx, f); !slices.Equal(got, []string{"grüße\n", "hallo\n"}) || err != nil {
			t.Errorf("%q, %v", got, err)
		}
	})
}

func TestTextIsReadByCharactersLinesAndAll(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		f, err := fileWith(t, "grüße\nß😀\nrest\nof it").OpenText(ctx)
		testkit.Must(t, err)
		defer f.Close(ctx)
		wantIs(t, "grü")(f.ReadRunes(ctx, 3))
		wantIs(t, "ße\n")(f.ReadLine(ctx))
		wantIs(t, "ß😀\nr")(f.ReadRunes(ctx, 4))
		wantIs(t, "")(f.ReadRunes(ctx, 0))
		wantIs(t, "est\nof it")(f.ReadAll(ctx))
		wantIs(t, "")(f.ReadAll(ctx))
		_, err = f.ReadRunes(ctx, 1)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		_, err = f.ReadLine(ctx)
		testkit.WantErr(t, err, anyio.ErrEndOfStream)
		testkit.Must(t, f.Seek(ctx, 0, io.SeekStart))
		wantIs(t, "grüße\nß😀\nrest\nof it")(f.ReadRunes(ctx, 100))
		testkit.WantMisuse(t, "relative", f.Seek(ctx, 0, io.SeekCurrent))
	})
}

func TestTextIsWrittenInItsEncodingWithItsLineEnds(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("file")
		f, err := p.CreateText(ctx, stream.Encoding("iso-8859-1"))
		testkit.Must(t, err)
		f.Newline = fileio.CRLF
		testkit.Must(t, f.Write(ctx, "grüße\n"))
		testkit.Must(t, f.WriteLines(ctx, "a\n", "b\n"))
		err = f.Write(ctx, "5 €\n")
		if e, ok := errors.AsType[*stream.EncodeError](err); !ok || e.Rune != '€' {
			t.Error(err)
		}
		wantContent(t, p, "gr\xfc\xdfe\r\na\r\nb\r\n")
		testkit.Must(t, f.Seek(ctx, 0, io.SeekStart))
		wantIs(t, "grüße\n")(f.ReadLine(ctx))
		testkit.WantMisuse(t, "writing after reading ahead", f.Write(ctx, "x"))
		testkit.Must(t, f.Seek(ctx, 0, io.SeekEnd))
		testkit.Must(t, f.Write(ctx, "x"))
		testkit.Must(t, f.Close(ctx))
		wantContent(t, p, "gr\xfc\xdfe\r\na\r\nb\r\nx")
		testkit.WantErr(t, f.Write(ctx, "y"), anyio.ErrClosed)
		if !f.File().Closed() {
			t.Error("the file is open")
		}
	})
}

// The mark is at the beginning of a file, wherever writing begins.
func TestByteOrderMarkIsWrittenAtTheBeginningOnly(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("file")
		for _, text := range []string{"a", "b"} {
			f, err := p.OpenFile(ctx, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o666)
			testkit.Must(t, err)
			_, err = f.Seek(ctx, 0, io.SeekEnd)
			testkit.Must(t, err)
			tf, err := fileio.NewTextFile(f, stream.Encoding("utf-16"))
			testkit.Must(t, err)
			testkit.Must(t, tf.Write(ctx, text))
			testkit.Must(t, tf.Close(ctx))
		}
		wantContent(t, p, "\xfe\xff\x00a\x00b")
		wantIs(t, "ab")(p.ReadText(ctx, stream.Encoding("utf-16")))
	})
}

func TestTemporaryFilesHoldText(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		named, err := fileio.NamedTempFile(ctx, fileio.TempOptions{Dir: t.TempDir()})
		testkit.Must(t, err)
		nameless, err := fileio.TempFile(ctx, fileio.TempOptions{})
		testkit.Must(t, err)
		for _, file := range []*fileio.File{named, nameless, &fileio.SpooledTempFile(10, fileio.TempOptions{}).File} {
			f, err := fileio.NewTextFile(file, stream.Encoding("utf-16"))
			testkit.Must(t, err)
			for _, text := range []string{"grüße\n", strings.Repeat("€", 10000)} {
				testkit.Must(t, f.Write(ctx, text))
			}
			testkit.Must(t, f.Seek(ctx, 0, io.SeekStart))
			wantIs(t, "grüße\n")(f.ReadLine(ctx))
			wantIs(t, strings.Repeat("€", 10000))(f.ReadAll(ctx))
			testkit.Must(t, f.Close(ctx))
		}
		wantAbsent(t, fileio.NewPath(named.Name()))
	})
}

func TestErrorsOfTextFiles(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		f, err := fileWith(t, "ab\xffcd\nef\n").OpenText(ctx)
		testkit.Must(t, err)
		_, err = f.ReadLine(ctx)
		if e, ok := errors.AsType[*stream.DecodeError](err); !ok || e.Offset != 2 {
			t.Error(err)
		}
		wantIs(t, "abcd\n")(f.ReadLine(ctx))
		testkit.Must(t, anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
			scope.Cancel("test")
			for _, err := range f.Lines(ctx) {
				testkit.WantCanceled(t, "Lines", err)
			}
			return nil
		}))
		wantIs(t, "ef\n")(f.ReadLine(ctx))
		testkit.Must(t, f.Close(ctx))
		testkit.Must(t, f.Close(ctx))
		_, err = f.ReadAll(ctx)
		testkit.WantErr(t, err, anyio.ErrClosed)

		p := fileWith(t, "content")
		if _, err := p.CreateText(ctx, stream.Encoding("klingon")); err == nil {
			t.Error("an unknown encoding")
		}
		wantContent(t, p, "content") // it was not touched
		if _, err := p.Join("nothing").OpenText(ctx); err == nil {
			t.Error("a file that is not there")
		}
	})
}
