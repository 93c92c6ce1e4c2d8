package lint

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	heading = regexp.MustCompile(`(?m)^## (.*)$`)
	entry   = regexp.MustCompile(`(?m)^- (\[.*\]\(#.*\))$`)
	noSlug  = regexp.MustCompile(`[^\w\- ]`)
)

// entryOf is the line of the index for a heading, with the anchor that Markdown gives it.
func entryOf(h string) string {
	return "[" + h + "](#" + strings.ReplaceAll(noSlug.ReplaceAllString(strings.ToLower(h), ""), " ", "-") + ")"
}

// TestDesignHasItsIndex wants each section of DESIGN.md in its index, in order.
func TestDesignHasItsIndex(t *testing.T) {
	text, err := os.ReadFile("../../DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	var want, got []string
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		want = append(want, entryOf(m[1]))
	}
	for _, m := range entry.FindAllStringSubmatch(string(text), -1) {
		got = append(got, m[1])
	}
	if len(want) < 50 {
		t.Errorf("found %d sections, want at least 50", len(want))
	}
	for i, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("the index lacks - %s", w)
		} else if i < len(got) && len(got) == len(want) && got[i] != w {
			t.Errorf("the index has %s where section %s stands", got[i], w)
		}
	}
	for _, g := range got {
		if !slices.Contains(want, g) {
			t.Errorf("there is no section for - %s", g)
		}
	}
}
