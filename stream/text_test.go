package stream_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"golang.org/x/text/encoding/ianaindex"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// receiveText receives until there is an error that is none of decoding. Errors of
// decoding are put into the text.
func receiveText(t *testing.T, s stream.ByteReceiveStream, opts ...stream.TextOption) (string, error) {
	t.Helper()
	r, err := stream.NewTextReceiver(s, opts...)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for {
		text, err := r.Receive(context.Background())
		var bad *stream.DecodeError
		switch {
		case err == nil && text == "":
			t.Fatal("received an empty text")
		case errors.As(err, &bad):
			all.WriteString("<" + bad.Error() + ">")
		case errors.Is(err, errHiccup):
		case err != nil:
			return all.String(), err
		}
		all.WriteString(text)
	}
}

func encoded(t *testing.T, name, text string) string {
	t.Helper()
	enc, err := ianaindex.IANA.Encoding(name)
	if err != nil || enc == nil {
		t.Fatalf("%s: %v", name, err)
	}
	data, err := enc.NewEncoder().String(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return data
}

var textSamples = []struct{ encoding, text string }{
	{"utf-8", "aé€😀z\ufffd"},
	{"UTF-16", "aé€😀z\ufffd"},
	{"utf-16le", "aé😀\ufffd"},
	{"utf-16be", "aé😀\ufffd"},
	{"us-ascii", "plain"},
	{"iso-8859-1", "naïve"},
	{"windows-1252", "5 €"},
	{"shift_jis", "aあ漢ｱz"},
	{"euc-jp", "aあ漢z"},
	{"iso-2022-jp", "aあ漢z漢"},
	{"gb18030", "a中😀\ufffdz"},
	{"gbk", "a中z"},
	{"hz-gb-2312", "a中~z文"},
	{"big5", "a中z"},
	{"euc-kr", "a한z"},
}

func TestTextIsDecodedWhereverItIsSplit(t *testing.T) {
	for _, c := range textSamples {
		data := encoded(t, c.encoding, c.text)
		for i := range len(data) + 1 {
			for j := i; j <= len(data); j++ {
				var parts []string
				for _, p := range []string{data[:i], data[i:j], data[j:]} {
					if p != "" {
						parts = append(parts, p)
					}
				}
				got, err := receiveText(t, pieces(parts...), stream.Encoding(c.encoding))
				if got != c.text || !errors.Is(err, anyio.ErrEndOfStream) {
					t.Fatalf("%s in %q: got %q, %v, want %q", c.encoding, parts, got, err, c.text)
				}
			}
		}
	}
}

func TestTextIsEncodedInManyPieces(t *testing.T) {
	for _, c := range textSamples {
		a, b := stream.Pipe(1000)
		s, err := stream.NewTextSender(a, stream.Encoding(c.encoding))
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		testkit.WantErr(t, s.Send(ctx, ""), nil)
		for _, r := range c.text {
			testkit.WantErr(t, s.Send(ctx, string(r)), nil)
		}
		testkit.WantErr(t, s.Close(ctx), nil)
		got, err := receiveText(t, b, stream.Encoding(c.encoding))
		if got != c.text || !errors.Is(err, anyio.ErrEndOfStream) {
			t.Errorf("%s: got %q, %v, want %q", c.encoding, got, err, c.text)
		}
		testkit.WantErr(t, b.Close(ctx), nil)
	}
}

func TestTextByteOrderMarkIsSentOnce(t *testing.T) {
	ctx := context.Background()
	a, b := stream.Pipe(1000)
	defer b.Close(ctx)
	s, err := stream.NewTextSender(a, stream.Encoding("utf-16"))
	testkit.WantErr(t, err, nil)
	testkit.WantErr(t, s.Send(ctx, "a"), nil)
	testkit.WantErr(t, s.Send(ctx, "b"), nil)
	testkit.WantErr(t, s.Close(ctx), nil)
	got, err := stream.NewBuffered(b).ReceiveExactly(ctx, 6)
	wantText(t, got, err, "\xfe\xff\x00a\x00b")
}

func TestTextErrorPolicies(t *testing.T) {
	strict, replace, ignore := stream.Strict, stream.Replace, stream.Ignore
	for _, c := range []struct {
		encoding, data string
		policy         stream.ErrorPolicy
		want           string
	}{
		{"utf-8", "a\xffb", strict, "a<stream: bytes that are not UTF-8: ff at byte 1>b"},
		{"utf-8", "a\xffb", replace, "a\ufffdb"},
		{"utf-8", "a\xffb", ignore, "ab"},
		{"utf-8", "a\xe2\x82", strict, "a<stream: the stream ended within a character of UTF-8: e2 82 at byte 1>"},
		{"utf-8", "a\xe2\x82", replace, "a\ufffd\ufffd"},
		{"utf-8", "a\xe2\x82", ignore, "a"},
		{"utf-16le", "a\x00\x00\xdcb\x00", strict, "a<stream: bytes that are not UTF-16LE: 00 dc at byte 2>b"},
		{"utf-16le", "a\x00b", strict, "a<stream: the stream ended within a character of UTF-16LE: 62 at byte 2>"},
		{"us-ascii", "a\x80b", strict, "a<stream: bytes that are not US-ASCII: 80 at byte 1>b"},
		{"us-ascii", "a\x80b", ignore, "ab"},
		{"windows-1252", "a\x81b", replace, "a\ufffdb"},
		{"gbk", "a\x81 b", strict, "a<stream: bytes that are not GBK: 81 at byte 1> b"},
		{"gbk", "a\x81 b", ignore, "a b"},
		{"shift_jis", "a\x81", strict, "a<stream: the stream ended within a character of Shift_JIS: 81 at byte 1>"},
		{"shift_jis", "a\x81", replace, "a\ufffd"},
		{"iso-2022-jp", "a\x1b$", strict, "a<stream: the stream ended within a character of ISO-2022-JP: 1b 24 at byte 1>"},
	} {
		for _, parts := range [][]string{{c.data}, strings.Split(c.data, "")} {
			got, err := receiveText(t, pieces(parts...), stream.Encoding(c.encoding), stream.OnTextError(c.policy))
			if got != c.want || !errors.Is(err, anyio.ErrEndOfStream) {
				t.Errorf("%s %q, policy %d: got %q, %v, want %q", c.encoding, parts, c.policy, got, err, c.want)
			}
		}
	}
}

func TestTruncatedTextIsAnUnexpectedEnd(t *testing.T) {
	r, err := stream.NewTextReceiver(pieces("\xc3"))
	testkit.WantErr(t, err, nil)
	_, err = r.Receive(context.Background())
	testkit.WantErr(t, err, io.ErrUnexpectedEOF)
	if e, ok := errors.AsType[*stream.DecodeError](err); !ok {
		t.Errorf("%T %v", e, err)
	}
	_, err = r.Receive(context.Background())
	testkit.WantErr(t, err, anyio.ErrEndOfStream)
}

func TestTextThatCannotBeEncodedIsNotSent(t *testing.T) {
	ctx := context.Background()
	for _, c := range []struct {
		encoding, text string
		at             int
		replaced       string
		ignored        string
	}{
		{"iso-8859-1", "ab€c", 2, "ab?c", "abc"},
		{"us-ascii", "é", 0, "?", ""},
		{"windows-1252", "a\ufffd", 1, "a?", "a"},
		{"utf-8", "a\xffb", 1, "a\ufffdb", "ab"},
		{"iso-2022-jp", "漢é漢é", 3, "漢?漢?", "漢漢"},
		{"hz-gb-2312", "中😀文", 3, "中?文", "中文"},
		{"utf-16", "a\xff", 1, "a\ufffd", "a"},
	} {
		for policy, want := range map[stream.ErrorPolicy]string{stream.Strict: "", stream.Replace: c.replaced, stream.Ignore: c.ignored} {
			a, b := stream.Pipe(1000)
			s, err := stream.NewTextSender(a, stream.Encoding(c.encoding), stream.OnTextError(policy))
			testkit.WantErr(t, err, nil)
			err = s.Send(ctx, c.text)
			var bad *stream.EncodeError
			if policy != stream.Strict {
				testkit.WantErr(t, err, nil)
			} else if !errors.As(err, &bad) || bad.Offset != c.at {
				t.Errorf("%s: error is %v, want one at %d", c.encoding, err, c.at)
			}
			testkit.WantErr(t, s.Send(ctx, "after"), nil)
			testkit.WantErr(t, s.Close(ctx), nil)
			if got, _ := receiveText(t, b, stream.Encoding(c.encoding)); got != want+"after" {
				t.Errorf("%s, policy %d: got %q, want %q", c.encoding, policy, got, want+"after")
			}
			testkit.WantErr(t, b.Close(ctx), nil)
		}
	}
}

func TestUnknownEncodingIsToldAtOnce(t *testing.T) {
	a, b := stream.Pipe(0)
	defer a.Close(context.Background())
	defer b.Close(context.Background())
	var unknown *stream.UnknownEncodingError
	for _, name := range []string{"utf-9", "", "ebcdic-us"} {
		_, err1 := stream.NewTextReceiver(a, stream.Encoding(name))
		_, err2 := stream.NewTextSender(a, stream.Encoding(name))
		_, err3 := stream.NewText(a, stream.Encoding(name))
		_, err4 := stream.TextConnectable(stream.Connectable[stream.ByteStream](nil), stream.Encoding(name))
		for _, err := range []error{err1, err2, err3, err4} {
			if !errors.As(err, &unknown) || !strings.Contains(err.Error(), "want a name registered with IANA") {
				t.Errorf("%q: error is %v", name, err)
			}
		}
	}
	var misuse *anyio.MisuseError
	if _, err := stream.NewText(a, stream.OnTextError(7)); !errors.As(err, &misuse) {
		t.Errorf("error is %v", err)
	}
}

func TestTextStreamGoesBothWays(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(100)
		ta, err := stream.NewText(a)
		testkit.WantErr(t, err, nil)
		tb, err := stream.NewText(b)
		testkit.WantErr(t, err, nil)
		testkit.WantErr(t, ta.Send(ctx, "grüße"), nil)
		testkit.WantErr(t, ta.SendEOF(ctx), nil)
		testkit.WantErr(t, ta.Send(ctx, "x"), anyio.ErrClosed)
		for text, err := range stream.All(ctx, tb) {
			wantText(t, []byte(text), err, "grüße")
		}
		testkit.WantErr(t, tb.Send(ctx, "zurück"), nil)
		canceled(t, ctx, func(ctx context.Context) error { _, err := ta.Receive(ctx); return err })
		got, err := ta.Receive(ctx)
		wantText(t, []byte(got), err, "zurück")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				_, err := ta.Receive(ctx)
				testkit.WantErr(t, err, anyio.ErrClosed)
				return nil
			})
			idle(t, ctx)
			var busy *anyio.BusyError
			if _, err := ta.Receive(ctx); !errors.As(err, &busy) {
				t.Errorf("error is %v, want a *BusyError", err)
			}
			testkit.WantErr(t, ta.Close(ctx), nil)
		})
		testkit.WantErr(t, tb.Close(ctx), nil)
	})
}

func TestTextStreamClosesItsTransportOnce(t *testing.T) {
	ctx := context.Background()
	a, _ := stream.Pipe(1)
	closes := 0
	s, err := stream.NewText(toldHalf{a, func() { closes++ }})
	testkit.WantErr(t, err, nil)
	testkit.WantErr(t, s.Close(ctx), nil)
	if closes != 1 {
		t.Errorf("closed %d times", closes)
	}
}

func TestTextConnectableMakesTextStreams(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(10)
		defer l.Close(ctx)
		c, err := stream.TextConnectable(l, stream.Encoding("iso-8859-1"))
		testkit.WantErr(t, err, nil)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				conn, err := l.Accept(ctx)
				if err != nil {
					return err
				}
				defer conn.Close(ctx)
				return conn.Send(ctx, []byte("\xfc"))
			})
			s, err := c.Connect(ctx)
			testkit.WantErr(t, err, nil)
			defer s.Close(ctx)
			got, err := s.Receive(ctx)
			wantText(t, []byte(got), err, "ü")
		})
	})
}

func TestTextStreamHasTheAttributesOfItsTransport(t *testing.T) {
	key := attr.New[int]("number")
	s := failingHalf{attrs: attr.NewSet(key.Value(7))}
	r, err := stream.NewTextReceiver(s)
	testkit.WantErr(t, err, nil)
	w, err := stream.NewTextSender(s)
	testkit.WantErr(t, err, nil)
	both, err := stream.NewText(s)
	testkit.WantErr(t, err, nil)
	for _, wrapper := range []any{r, w, both, stream.NewBuffered(s), stream.NewBufferedReceiver(s)} {
		if got, err := attr.Get(wrapper, key); got != 7 || err != nil {
			t.Errorf("%T: got %d, %v", wrapper, got, err)
		}
	}
}
