package natsproto

import (
	"bytes"
	"strings"
)

const headerLine = "NATS/1.0"

// Status returns what headers say in place of a message, such as 503, "" if nothing.
func Status(headers []byte) string {
	first, _, _ := bytes.Cut(headers, []byte("\r\n"))
	rest, ok := bytes.CutPrefix(first, []byte(headerLine+" "))
	if !ok {
		return ""
	}
	code, _, _ := strings.Cut(string(rest), " ")
	return code
}

// AppendHeaders appends headers of names and values, by turns; nothing if there are none.
func AppendHeaders(b []byte, pairs ...string) []byte {
	if len(pairs) == 0 {
		return b
	}
	b = append(b, headerLine+"\r\n"...)
	for i := 0; i < len(pairs); i += 2 {
		b = append(b, pairs[i]+": "+pairs[i+1]+"\r\n"...)
	}
	return append(b, "\r\n"...)
}

// Header returns the value of the first header of a name, "" if there is none.
func Header(headers []byte, name string) string {
	for line := range strings.SplitSeq(string(headers), "\r\n") {
		if n, value, ok := strings.Cut(line, ":"); ok && n == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
