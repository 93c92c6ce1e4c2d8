package tasktree

import (
	"testing"
	"time"
)

// A deadline that has passed is as far away as it is long ago.
func TestTimesHaveFewDigits(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 999: "999ns", 1234567: "1.23ms", 12345678: "12.3ms", 1234567890: "1.23s", -12345678: "-12.3ms", 83456789012: "1m23.5s",
	} {
		if got := Rounded(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

func TestTextsDoNotSteerTheTerminal(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "build-7: größer 日": "build-7: größer 日", "a\x1b[2J\n": "a\ufffd[2J\ufffd", "\u202eback": "\ufffdback", "\xff": "\ufffd",
	} {
		if got := Printable(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}
