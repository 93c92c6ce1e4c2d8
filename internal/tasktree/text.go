package tasktree

import (
	"strings"
	"time"
	"unicode"
)

// Rounded is a duration with three digits or so.
func Rounded(d time.Duration) string {
	unit := time.Nanosecond
	for unit < time.Second && d.Abs() >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit).String()
}

// Printable is a text from elsewhere without what a terminal would obey, and what is no UTF-8.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
