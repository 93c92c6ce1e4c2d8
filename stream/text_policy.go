package stream

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// asks reports whether an error may come of what cannot be decoded.
func (o *textOption) asks() bool {
	return o.policy == Strict || o.policy == EscapeXML
}

// decoded is what stands for bytes that cannot be decoded.
func (o *textOption) decoded(wrong []byte, e func() *DecodeError) (string, error) {
	switch {
	case o.handle != nil:
		return o.handle(e())
	case o.policy == Replace:
		return string(utf8.RuneError), nil
	case o.policy == Ignore:
		return "", nil
	case o.policy == Keep:
		return string(wrong), nil
	case o.policy == Escape:
		return escapeBytes(string(wrong)), nil
	}
	return "", e()
}

func escapeBytes(s string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, `\x%02x`, s[i])
	}
	return b.String()
}

// encoded is what stands for a character that cannot be encoded, or, if size is 1, a byte
// of a text that is not UTF-8.
func (o *textOption) encoded(text string, r rune, size, offset int) (string, error) {
	e := &EncodeError{Encoding: o.name, Rune: r, Offset: offset}
	switch {
	case o.handle != nil:
		return o.handle(e)
	case o.policy == Ignore:
		return "", nil
	case o.policy == Replace && o.hasReplacement():
		return string(utf8.RuneError), nil
	case o.policy == Replace:
		return "?", nil
	case o.policy == EscapeXML:
		return fmt.Sprintf("&#%d;", r), nil
	case o.policy == Escape && size == 1 && r == utf8.RuneError:
		return escapeBytes(text[offset : offset+1]), nil
	case o.policy == Escape && r < 0x100:
		return fmt.Sprintf(`\x%02x`, r), nil
	case o.policy == Escape && r < 0x10000:
		return fmt.Sprintf(`\u%04x`, r), nil
	case o.policy == Escape:
		return fmt.Sprintf(`\U%08x`, r), nil
	}
	return "", e
}
