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

// valid is the text as UTF-8 without errors, or as it is if they are kept.
func (o *textOption) valid(text string) (string, error) {
	if utf8.ValidString(text) || o.policy == Keep {
		return text, nil
	}
	var valid strings.Builder
	for i, r := range text {
		_, size := utf8.DecodeRuneInString(text[i:])
		if r != utf8.RuneError || size > 1 {
			valid.WriteRune(r)
			continue
		}
		fixed, err := o.encoded(text, r, size, i)
		if err != nil {
			return "", err
		}
		if o.policy == Replace { // known sees to those that have no U+FFFD
			fixed = string(utf8.RuneError)
		}
		valid.WriteString(fixed)
	}
	return valid.String(), nil
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
	if e.o.policy == Keep {
		return e.keep(text), nil
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
	var known strings.Builder
	known.WriteString(text[:at])
	for i, r := range text[at:] {
		if e.has(string(r)) {
			known.WriteRune(r)
			continue
		}
		fixed, err := e.o.encoded(text, r, utf8.RuneLen(r), at+i)
		if err != nil {
			return "", err
		}
		if e.o.handle != nil && !e.has(fixed) {
			return "", &EncodeError{Encoding: e.o.name, Rune: r, Offset: at + i}
		}
		known.WriteString(fixed)
	}
	return known.String(), nil
}

// has reports whether the encoding has all characters of a short text.
func (e *tableEncoder) has(text string) bool {
	if strings.ContainsRune(text, utf8.RuneError) && !e.o.hasReplacement() {
		return false
	}
	e.probe.Reset()
	_, n := e.transform(e.probe, text)
	return n == len(text)
}

// keep encodes what the encoding has, and keeps the bytes of all else.
func (e *tableEncoder) keep(text string) []byte {
	var kept []byte
	for text != "" {
		n := 0
		for n < len(text) {
			r, size := utf8.DecodeRuneInString(text[n:])
			if r == utf8.RuneError && size == 1 || !e.has(text[n:n+size]) {
				break
			}
			n += size
		}
		if n > 0 {
			data, _ := e.transform(e.t, text[:n])
			kept = append(kept, data...)
		} else {
			_, n = utf8.DecodeRuneInString(text)
			kept = append(kept, text[:n]...)
		}
		text = text[n:]
	}
	return kept
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
