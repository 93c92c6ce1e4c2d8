package stream

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/transform"
)

// A decoder turns bytes into text, piece by piece.
type decoder interface {
	// decode decodes the beginning of src, n bytes. What is left is an incomplete
	// character, unless there is text: then it may also begin with an error. An
	// error comes without text, and n counts the bytes that are wrong. At the end
	// nothing is incomplete.
	decode(src []byte, end bool) (text string, n int, err error)
}

func newDecoder(o *textOption) decoder {
	if o.enc == nil {
		return &utf8Decoder{o: o}
	}
	return &tableDecoder{o: o, t: o.enc.NewDecoder().Transformer, replacement: o.replacement()}
}

// A utf8Decoder only has to check.
type utf8Decoder struct {
	o      *textOption
	offset int64
}

func (d *utf8Decoder) decode(src []byte, end bool) (string, int, error) {
	whole := src
	if !end {
		whole = completeUTF8(src)
	}
	if utf8.Valid(whole) {
		d.offset += int64(len(whole))
		return string(whole), len(whole), nil
	}
	var text strings.Builder
	n := 0
	for n < len(whole) {
		r, size := utf8.DecodeRune(whole[n:])
		if r != utf8.RuneError || size > 1 {
			text.Write(whole[n : n+size])
			n += size
			continue
		}
		if d.o.asks() && text.Len() > 0 { // it comes before the error
			break
		}
		wrong := whole[n : n+1]
		if d.o.asks() && !utf8.FullRune(src[n:]) {
			wrong = whole[n:]
		}
		fixed, err := d.o.decoded(wrong, func() *DecodeError {
			return &DecodeError{Encoding: "UTF-8", Bytes: slices.Clone(wrong), Offset: d.offset + int64(n), Truncated: !utf8.FullRune(src[n:])}
		})
		n += len(wrong)
		if err != nil {
			d.offset += int64(n)
			return "", n, err
		}
		text.WriteString(fixed)
	}
	d.offset += int64(n)
	return text.String(), n, nil
}

// completeUTF8 is src without an incomplete character at its end.
func completeUTF8(src []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(src); i++ {
		if c := src[len(src)-i]; utf8.RuneStart(c) {
			if !utf8.FullRune(src[len(src)-i:]) {
				return src[:len(src)-i]
			}
			break
		}
	}
	return src
}

// A tableDecoder decodes with package encoding, whose decoders put U+FFFD in the
// place of what is wrong.
type tableDecoder struct {
	o           *textOption
	t           transform.Transformer
	replacement []string // U+FFFD as it is encoded
	offset      int64
	text        []byte // memory that is used again
}

func (d *tableDecoder) decode(src []byte, end bool) (string, int, error) {
	text, n := d.text[:0], 0
	for n < len(src) {
		out, size := d.one(src[n:], end)
		if size == 0 {
			break
		}
		wrong := out == string(utf8.RuneError) && !slices.Contains(d.replacement, string(src[n:n+size]))
		if !wrong {
			n += size
			text = append(text, out...)
			continue
		}
		if d.o.asks() && len(text) > 0 {
			break
		}
		truncated := end && d.truncated(src[n:])
		if truncated && d.o.asks() {
			size = len(src) - n
		}
		bad := src[n : n+size]
		fixed, err := d.o.decoded(bad, func() *DecodeError {
			return &DecodeError{Encoding: d.o.name, Bytes: bytes.Clone(bad), Offset: d.offset + int64(n), Truncated: truncated}
		})
		n += size
		if err != nil {
			d.offset += int64(n)
			return "", n, err
		}
		text = append(text, fixed...)
	}
	d.text = text
	d.offset += int64(n)
	return string(text), n, nil
}

// one decodes one character or one error, or some bytes that only change the state,
// at the beginning of src. The size is 0 if it is not complete.
func (d *tableDecoder) one(src []byte, end bool) (out string, size int) {
	var dst [utf8.UTFMax]byte
	room := 3 // for U+FFFD and no more, so that nothing else comes along with it
	for k := 1; k <= len(src); {
		last := end && k == len(src)
		nDst, nSrc, err := d.t.Transform(dst[:room], src[:k], last)
		switch {
		case nSrc > 0:
			return string(dst[:nDst]), nSrc
		case errors.Is(err, transform.ErrShortDst) && room < len(dst):
			room = len(dst)
		case errors.Is(err, transform.ErrShortSrc):
			k++
		default: // no decoder does that
			return string(utf8.RuneError), k
		}
	}
	return "", 0
}

// truncated tells whether src, which the decoder took for wrong at the end of the
// stream, could have been the beginning of something.
func (d *tableDecoder) truncated(src []byte) bool {
	var dst [utf8.UTFMax]byte
	_, nSrc, err := d.t.Transform(dst[:], src, false)
	return nSrc == 0 && errors.Is(err, transform.ErrShortSrc)
}
