package main

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
)

func TestGrouped(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 7: "7", 999: "999", 1000: "1,000", 12345678: "12,345,678", -123: "-123", -1234: "-1,234"} {
		if got := grouped(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
}

func TestList(t *testing.T) {
	for want, names := range map[string][]string{"": nil, "a": {"a"}, "a and b": {"a", "b"}, "a, b and c": {"a", "b", "c"}} {
		if got := list(names); got != want {
			t.Errorf("%q: got %q, want %q", names, got, want)
		}
	}
}

func TestChart(t *testing.T) {
	var b strings.Builder
	chart(&b, []*bar{{Name: "a", From: 0, To: 50}, {Name: "b", From: 50, To: 100, Cut: true}, {Name: "c", From: 100, To: 100}}, 100)
	const indent = "               "
	want := indent + "a         |=======================|" + strings.Repeat(" ", 24) + "   50.0 ms\n" +
		indent + "b         " + strings.Repeat(" ", 24) + "|=======================x   50.0 ms\n" +
		indent + "c         " + strings.Repeat(" ", 48) + "|    0.0 ms\n"
	if b.String() != want {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	b.Reset()
	chart(&b, []*bar{{Name: "a"}}, 0)
	if !strings.Contains(b.String(), "|") {
		t.Errorf("no bar in %q", b.String())
	}
}

func TestProgressOverwritesItsLine(t *testing.T) {
	var b bytes.Buffer
	p := &progress{w: &b}
	p.show("%d files", 100)
	p.show("%d files", 101) // too soon
	p.last = time.Time{}
	p.show("%d", 7)
	p.clear()
	p.begin()
	p.show("%d", 8) // too soon
	p.clear()       // of a ^C
	want := "\r100 files\r7        \r" + strings.Repeat(" ", 11) + "\r\r  \r"
	if b.String() != want {
		t.Errorf("wrote %q, want %q", b.String(), want)
	}
	silent := newProgress(&b)
	silent.show("to no terminal")
	silent.clear()
	if b.String() != want {
		t.Errorf("wrote %q to what is no terminal", b.String())
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestOutputThatCannotBeWrittenIsAFailure(t *testing.T) {
	var stderr bytes.Buffer
	status := run(t.Context(), []string{"demo", "-backend", "eventloop", "-dir", writeTree(t, 1)}, stdio{out: brokenWriter{}, err: &stderr})
	if status != exitFailed || stderr.String() != "anyio demo: disk full\n" {
		t.Errorf("status %d, stderr %q", status, &stderr)
	}
}
