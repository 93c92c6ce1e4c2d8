package stream

import (
	"errors"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// An encoder turns text into bytes, which are valid until the next call. It keeps
// the state that some encodings have from one text to the next.
type encoder interface {
	encode(text string) ([]byte, error)
}

func newEncoder(o *textOption) encoder {
	if o.enc == nil {
		return &utf8Encoder{o: o}
	}
	return &tableEncoder{o: o, t: o.enc.NewEncoder().Transformer, probe: o.enc.NewEncoder().Transformer}
}

type utf8Encoder struct {
	o   *textOption
	buf []byte
}

func (e *utf8Encoder) encode(text string) ([]byte, error) {
	text, err := e.o.valid(text)
	if err != nil {
		return nil, err
	}
	e.buf = append(e.buf[:0], text...)
	return e.buf, nil
}

// valid is the text as UTF-8 without errors.
func (o *textOption) valid(text string) (string, error) {
	switch {
	case utf8.ValidString(text):
		return text, nil
	case o.policy == Ignore:
		return strings.ToValidUTF8(text, ""), nil
	case o.policy == Replace:
		return string([]rune(text)), nil
	}
	for i, r := range text {
		if _, size := utf8.DecodeRuneInString(text[i:]); r == utf8.RuneError && size == 1 {
			return "", &EncodeError{Encoding: o.name, Rune: r, Offset: i}
		}
	}
	return text, nil
}

// A tableEncoder encodes with package encoding. It sees only characters that the
// encoding has: with others, some of the encoders lose track of their state.
type tableEncoder struct {
	o     *textOption
	t     transform.Transformer
	probe transform.Transformer // says whether a text can be encoded
	buf   []byte
}

func (e *tableEncoder) encode(text string) ([]byte, error) {
	text, err := e.o.valid(text)
	if err != nil {
		return nil, err
	}
	if text, err = e.known(text); err != nil || text == "" {
		return nil, err
	}
	data, _ := e.transform(e.t, text)
	return data, nil
}

// known is the text without characters that the encoding does not have.
func (e *tableEncoder) known(text string) (string, error) {
	at := strings.IndexRune(text, utf8.RuneError)
	if at < 0 || e.o.hasReplacement() {
		at = len(text)
	}
	e.probe.Reset()
	if _, at = e.transform(e.probe, text[:at]); at == len(text) {
		return text, nil
	}
	if e.o.policy == Strict {
		r, _ := utf8.DecodeRuneInString(text[at:])
		return "", &EncodeError{Encoding: e.o.name, Rune: r, Offset: at}
	}
	var known strings.Builder
	known.WriteString(text[:at])
	for _, r := range text[at:] {
		e.probe.Reset()
		if _, n := e.transform(e.probe, string(r)); n > 0 && (r != utf8.RuneError || e.o.hasReplacement()) {
			known.WriteRune(r)
		} else if e.o.policy == Replace {
			known.WriteByte('?')
		}
	}
	return known.String(), nil
}

// transform encodes text up to a character that the encoding does not have, at.
func (e *tableEncoder) transform(t transform.Transformer, text string) (data []byte, at int) {
	if cap(e.buf) < 2*len(text)+16 {
		e.buf = make([]byte, 2*len(text)+16)
	}
	buf, n, src := e.buf[:cap(e.buf)], 0, []byte(text)
	for {
		nDst, nSrc, err := t.Transform(buf[n:], src[at:], true)
		n, at = n+nDst, at+nSrc
		if !errors.Is(err, transform.ErrShortDst) {
			e.buf = buf
			return buf[:n], at
		}
		buf = append(buf, make([]byte, len(buf))...)
	}
}
