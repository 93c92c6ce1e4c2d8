package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// sent is what comes out of a text sender.
type sent struct {
	stream.ByteSendStream
	bytes.Buffer
}

func (s *sent) Send(_ context.Context, data []byte) error {
	s.Write(data)
	return nil
}

func sendText(t *testing.T, text string, opts ...stream.TextOption) (string, error) {
	t.Helper()
	var to sent
	w, err := stream.NewTextSender(&to, opts...)
	testkit.Must(t, err)
	err = w.Send(context.Background(), text)
	return to.String(), err
}

func TestWhatCannotBeEncodedIsEscaped(t *testing.T) {
	for _, c := range []struct {
		encoding, text string
		escaped, inXML string // by Escape and EscapeXML
	}{
		{"us-ascii", "aé€😀b", `a\xe9\u20ac\U0001f600b`, "a&#233;&#8364;&#128512;b"},
		{"iso-8859-1", "é€", "\xe9" + `\u20ac`, "\xe9&#8364;"},
		{"utf-8", "a\xffé", `a\xffé`, "a&#65533;é"},
		{"us-ascii", "a\xff", `a\xff`, "a&#65533;"},
		{"us-ascii", "\ufffd", `\ufffd`, "&#65533;"},
	} {
		for policy, want := range map[stream.ErrorPolicy]string{stream.Escape: c.escaped, stream.EscapeXML: c.inXML} {
			if got, err := sendText(t, c.text, stream.Encoding(c.encoding), stream.OnTextError(policy)); got != want || err != nil {
				t.Errorf("%s %q, policy %d: %q, %v, want %q", c.encoding, c.text, policy, got, err, want)
			}
		}
	}
}

func TestWhatCannotBeDecodedIsEscapedOrKept(t *testing.T) {
	for _, c := range []struct {
		encoding, data, want string
		policy               stream.ErrorPolicy
	}{
		{"utf-8", "a\xff\xe2\x82", `a\xff\xe2\x82`, stream.Escape},
		{"us-ascii", "a\x80b", `a\x80b`, stream.Escape},
		{"utf-8", "a\xffb\xe2\x82", "a\xffb\xe2\x82", stream.Keep},
		{"us-ascii", "a\x80b", "a\x80b", stream.Keep},
		{"utf-8", "a\xffb", "a<stream: bytes that are not UTF-8: ff at byte 1>b", stream.EscapeXML},
	} {
		for _, parts := range [][]string{{c.data}, strings.Split(c.data, "")} {
			got, err := receiveText(t, pieces(parts...), stream.Encoding(c.encoding), stream.OnTextError(c.policy))
			if got != c.want || !errors.Is(err, anyio.ErrEndOfStream) {
				t.Errorf("%s %q, policy %d: got %q, %v, want %q", c.encoding, parts, c.policy, got, err, c.want)
			}
		}
	}
}

// Whatever comes goes out as it was, also if it is a character in UTF-8.
func TestKeptBytesAreEncodedAsTheyWere(t *testing.T) {
	for _, data := range []string{"plain", "\xff", "a\xc3\xa9b", "\xc3", "\x80\x81é€\xf0\x9f", "\xed\xa0\x80"} {
		for _, encoding := range []string{"utf-8", "us-ascii"} {
			opts := []stream.TextOption{stream.Encoding(encoding), stream.OnTextError(stream.Keep)}
			text, err := receiveText(t, pieces(data), opts...)
			if !errors.Is(err, anyio.ErrEndOfStream) {
				t.Errorf("%s %q: %v", encoding, data, err)
			}
			if got, err := sendText(t, text, opts...); got != data || err != nil {
				t.Errorf("%s %q: as text %q, then %q, %v", encoding, data, text, got, err)
			}
		}
	}
}

func TestFunctionDecidesWhatToDoWithWrongText(t *testing.T) {
	var seen []error
	f := stream.OnTextErrorFunc(func(err error) (string, error) {
		seen = append(seen, err)
		var d *stream.DecodeError
		var e *stream.EncodeError
		switch {
		case errors.As(err, &d) && d.Bytes[0] == 0xfe:
			return "", testkit.ErrBoom
		case errors.As(err, &d):
			return fmt.Sprintf("<%x>", d.Bytes), nil
		case errors.As(err, &e) && e.Rune == '€':
			return "EUR", nil
		case errors.As(err, &e) && e.Rune == '☃':
			return "❄", nil // which is not in the encoding either
		}
		return "", err
	})
	got, err := receiveText(t, pieces("a\xffb\xe2\x82"), f)
	if got != "a<ff>b<e282>" || !errors.Is(err, anyio.ErrEndOfStream) {
		t.Errorf("%q, %v", got, err)
	}
	if d, ok := errors.AsType[*stream.DecodeError](seen[len(seen)-1]); !ok || !d.Truncated || d.Offset != 3 {
		t.Errorf("the last error: %+v", seen[len(seen)-1])
	}
	r, err := stream.NewTextReceiver(pieces("a\xfeb"), f)
	testkit.Must(t, err)
	for _, want := range []string{"a", "", "b"} {
		text, err := r.Receive(context.Background())
		if text != want || (err != nil) != (want == "") {
			t.Errorf("%q, %v, want %q", text, err, want)
		}
		if want == "" {
			testkit.WantErr(t, err, testkit.ErrBoom)
		}
	}
	latin := stream.Encoding("iso-8859-1")
	if got, err := sendText(t, "5 €", latin, f); got != "5 EUR" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, text := range []string{"漢", "☃"} {
		got, err := sendText(t, "a"+text, latin, f)
		if e, ok := errors.AsType[*stream.EncodeError](err); !ok || got != "" || e.Offset != 1 || string(e.Rune) != text {
			t.Errorf("%q: %q, %v", text, got, err)
		}
	}
}
