package stream

import (
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/ianaindex"

	"github.com/anyio-go/anyio"
)

// A TextOption is an option of text streams.
type TextOption func(*textOption)

type textOption struct {
	name   string            // as in MIME
	enc    encoding.Encoding // nil for UTF-8
	policy ErrorPolicy
	handle func(err error) (string, error) // of OnTextErrorFunc; nil for a policy
}

// Encoding chooses the encoding by a name that IANA knows, in upper or lower case:
// "utf-8", "utf-16le", "iso-8859-1", "windows-1252", "shift_jis", "gb18030" and so on.
// With "utf-16" the byte order mark decides, big endian is meant if there is none,
// and one is sent.
func Encoding(name string) TextOption { return func(o *textOption) { o.name = name } }

// OnTextError chooses what is done with what cannot be decoded or encoded.
func OnTextError(policy ErrorPolicy) TextOption {
	return func(o *textOption) { o.policy, o.handle = policy, nil }
}

// OnTextErrorFunc has a function decide: it is given a *DecodeError or an *EncodeError and
// returns what to put in the place of what is wrong, or an error, which is returned. What
// it returns for an EncodeError must be in the encoding; if not, that error is returned.
func OnTextErrorFunc(f func(err error) (string, error)) TextOption {
	return func(o *textOption) { o.policy, o.handle = Strict, f }
}

// An ErrorPolicy says what a text stream does with what cannot be decoded or encoded.
type ErrorPolicy int

const (
	// Strict makes it an error.
	Strict ErrorPolicy = iota
	// Replace puts U+FFFD in its place or, when encoding for one that has no such
	// character, a question mark. In UTF-8 each byte that is wrong is replaced, as
	// in a conversion to []rune.
	Replace
	// Ignore leaves it out.
	Ignore
	// Escape writes it as a string literal of Go has it: a byte as \xe9, a character
	// that the encoding lacks as \xe9, \u20ac or \U0001f600.
	Escape
	// EscapeXML writes a character that the encoding lacks as XML and HTML have it, such
	// as &#8364;. When decoding it is Strict.
	EscapeXML
	// Keep keeps bytes that cannot be decoded as they are, in a string that is not
	// UTF-8 then, and gives them back when encoding; characters that the encoding lacks
	// become their bytes in UTF-8. With UTF-8 and US-ASCII what was decoded is encoded
	// as it was.
	Keep
)

func textOptions(opts []TextOption) (*textOption, error) {
	o := &textOption{name: "utf-8"}
	for _, opt := range opts {
		opt(o)
	}
	if o.policy < Strict || o.policy > Keep {
		return nil, &anyio.MisuseError{Text: fmt.Sprintf("stream: error policy %d of a text stream: want Strict, Replace, Ignore, Escape, EscapeXML or Keep", o.policy)}
	}
	asked := o.name
	enc, err := ianaindex.IANA.Encoding(asked)
	if err != nil || enc == nil {
		if enc, err = ianaindex.MIME.Encoding(asked); err != nil || enc == nil {
			return nil, &UnknownEncodingError{asked}
		}
	}
	if o.name, err = ianaindex.MIME.Name(enc); err != nil {
		o.name = asked
	}
	if !strings.EqualFold(o.name, "utf-8") {
		o.enc = enc
	}
	return o, nil
}

// hasReplacement tells whether the encoding has the character U+FFFD. For others it
// is how package encoding tells of an error.
func (o *textOption) hasReplacement() bool {
	return o.enc == nil || o.replacement() != nil
}

// replacement is U+FFFD in the encoding, in either byte order.
func (o *textOption) replacement() []string {
	switch o.name {
	case "UTF-16", "UTF-16BE", "UTF-16LE":
		return []string{"\xff\xfd", "\xfd\xff"} // the wrong order is another character
	case "GB18030":
		return []string{"\x84\x31\xa4\x37"}
	}
	return nil
}

// An UnknownEncodingError is returned for a text stream in an encoding that does not
// exist.
type UnknownEncodingError struct{ Name string }

func (e *UnknownEncodingError) Error() string {
	return fmt.Sprintf("stream: unknown encoding %q: want a name registered with IANA for UTF-8, UTF-16, US-ASCII, GB18030, GBK, Big5, "+
		"HZ-GB-2312, Shift_JIS, EUC-JP, ISO-2022-JP, EUC-KR, KOI8-R, KOI8-U, macintosh, a part of ISO-8859, a page of IBM or windows-125x", e.Name)
}

// A DecodeError is returned for bytes that have no meaning in an encoding.
type DecodeError struct {
	Encoding string
	Bytes    []byte // those that could not be decoded
	Offset   int64  // of the first of them since the beginning of the stream
	// Truncated is true if the stream has ended within a character. The error
	// matches io.ErrUnexpectedEOF then.
	Truncated bool
}

func (e *DecodeError) Error() string {
	if e.Truncated {
		return fmt.Sprintf("stream: the stream ended within a character of %s: % x at byte %d", e.Encoding, e.Bytes, e.Offset)
	}
	return fmt.Sprintf("stream: bytes that are not %s: % x at byte %d", e.Encoding, e.Bytes, e.Offset)
}

// Unwrap returns io.ErrUnexpectedEOF if the stream was truncated.
func (e *DecodeError) Unwrap() error {
	if e.Truncated {
		return io.ErrUnexpectedEOF
	}
	return nil
}

// An EncodeError is returned for a character that an encoding does not have.
type EncodeError struct {
	Encoding string
	Rune     rune // U+FFFD for a byte that is not UTF-8
	Offset   int  // of its first byte in the string
}

func (e *EncodeError) Error() string {
	return fmt.Sprintf("stream: %s has no character %U, byte %d of the text", e.Encoding, e.Rune, e.Offset)
}
