package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// parityIDs are the features of AnyIO and of Python's asyncio that docs/from-python.md
// must speak of. Number 0 is a row of attributes, A.
var parityIDs = []struct {
	area        string
	first, last int
}{
	{"EL", 1, 15}, {"CA", 1, 16}, {"TG", 1, 20}, {"ST", 1, 34}, {"SB", 1, 56}, {"SY", 1, 52}, {"LL", 1, 10},
	{"DB", 1, 6}, {"TE", 1, 21}, {"TA", 1, 4}, {"EX", 1, 22}, {"FU", 1, 7}, {"CU", 1, 3}, {"CM", 1, 2}, {"UT", 1, 50},
	{"TL", 1, 24}, {"SO", 1, 48}, {"DN", 1, 2}, {"WR", 1, 6},
	{"O1", 1, 71}, // the old names
	{"TH", 1, 4}, {"FT", 1, 13}, {"SG", 1, 2}, {"PR", 1, 4}, {"SP", 1, 12},
	{"AS-FN", 1, 33}, {"AS-LP", 1, 51}, {"AS-WA", 1, 5}, {"AS-PO", 1, 5}, {"AS-SV", 0, 6}, {"AS-PR", 1, 13}, {"AS-TR", 1, 23},
	{"AS-SY", 1, 10}, {"AS-QU", 0, 9}, {"AS-FU", 1, 16}, {"AS-SR", 0, 19}, {"AS-EX", 0, 1},
	{"FI", 1, 20}, {"PA", 1, 76}, {"TF", 1, 13}, {"IT", 1, 21}, {"FN", 1, 9}, {"IN", 1, 2},
}

// laterAreas are those that are not complete, to which a feature may be put off.
var laterAreas = []string{"AS"}

// A parityRow is a line of a table. The table of mistakes has no ID.
type parityRow struct {
	line                  int
	id, ours, state, test string
}

var featureID = regexp.MustCompile(`^(AS-)?[A-Z][A-Z0-9]-(\d\d|A)$`)

// parityRows reads the tables of a page and reports lines it does not understand.
func parityRows(page string) (rows []parityRow, problems []string) {
	for i, text := range strings.Split(page, "\n") {
		if !strings.HasPrefix(text, "|") || strings.HasPrefix(text, "|--") {
			continue
		}
		cells := strings.Split(strings.Trim(text, "|"), "|")
		for c := range cells {
			cells[c] = strings.TrimSpace(cells[c])
		}
		row := parityRow{line: i + 1, id: cells[0], state: "done"}
		switch known := featureID.MatchString(cells[0]); {
		case cells[0] == "ID" || cells[0] == "what AnyIO does":
			continue
		case known && len(cells) == 5:
			row.ours, row.state, row.test = cells[2], cells[3], cells[4]
		case !known && len(cells) == 3: // a mistake
			row.id, row.ours, row.test = "", cells[1], cells[2]
		default:
			problems = append(problems, fmt.Sprintf("line %d: a row with %d cells", i+1, len(cells)))
			continue
		}
		rows = append(rows, row)
	}
	return rows, problems
}

var (
	quoted   = regexp.MustCompile("`([^`]+)`")
	goName   = regexp.MustCompile(`^[A-Za-z]\w*(\.[A-Z]\w*){0,2}$`)
	testName = regexp.MustCompile(`^(Test|Example|Fuzz)\w*$`)
)

// checkParity tells what is wrong with the page: names holds what the packages
// declare, tests the test functions of the repository and what they use.
func checkParity(page string, names *declared, tests *testSources) (problems []string) {
	rows, problems := parityRows(page)
	bad := func(r parityRow, format string, args ...any) {
		problems = append(problems, fmt.Sprintf("line %d: %s: ", r.line, r.id)+fmt.Sprintf(format, args...))
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if r.id != "" && seen[r.id] {
			bad(r, "is there twice")
		}
		seen[r.id] = true
		var checked, proofs []string
		for _, m := range quoted.FindAllStringSubmatch(r.ours, -1) {
			switch name := m[1]; {
			case strings.HasPrefix(name, "-"): // a flag
			case !goName.MatchString(name) || !names.has(name):
				bad(r, "%s is not declared", name)
			default:
				checked = append(checked, name)
			}
		}
		for _, m := range quoted.FindAllStringSubmatch(r.test, -1) {
			if !testName.MatchString(m[1]) || !tests.has(m[1]) {
				bad(r, "there is no test %s", m[1])
			} else {
				proofs = append(proofs, m[1])
			}
		}
		for _, p := range unproved(names, tests, checked, proofs) {
			bad(r, "%s", p)
		}
		reason, left := strings.CutPrefix(r.state, "left out: ")
		area, later := strings.CutPrefix(r.state, "later: ")
		switch {
		case r.state == "done":
			if len(checked) == 0 {
				bad(r, "is done and names nothing of ours")
			}
			if len(proofs) == 0 {
				bad(r, "is done and names no test")
			}
		case left && reason != "" || later && slices.Contains(laterAreas, area):
		default:
			bad(r, "the state is %q, want done, left out: why, or later: area", r.state)
		}
	}
	for _, p := range parityIDs {
		for n := p.first; n <= p.last; n++ {
			id := fmt.Sprintf("%s-%02d", p.area, n)
			if n == 0 {
				id = p.area + "-A"
			}
			if !seen[id] {
				problems = append(problems, id+" is missing")
			}
			delete(seen, id)
		}
	}
	for id := range seen {
		if id != "" {
			problems = append(problems, id+" is not one of the features that belong here")
		}
	}
	return problems
}

// unproved tells of the names that no test of the row uses, and of the tests that use
// none of the names.
func unproved(names *declared, tests *testSources, checked, proofs []string) (problems []string) {
	used, idle := map[string]bool{}, slices.Clone(proofs)
	for _, name := range checked {
		for _, test := range proofs {
			if tests.use(test, names.waysToUse(name)) {
				used[name] = true
				idle = slices.DeleteFunc(idle, func(t string) bool { return t == test })
			}
		}
		if len(proofs) > 0 && !used[name] {
			problems = append(problems, "none of the tests uses "+name)
		}
	}
	if len(checked) > 0 {
		for _, test := range idle {
			problems = append(problems, test+" uses nothing that the row names")
		}
	}
	return problems
}

// TestParityTableIsTrue looks at each row of docs/from-python.md.
func TestParityTableIsTrue(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "from-python.md"))
	if err != nil {
		t.Fatal(err)
	}
	names, tests := declarations(t), readTests(t)
	for _, p := range checkParity(string(page), names, tests) {
		t.Errorf("docs/from-python.md: %s", p)
	}
}

// TestParityCheckFindsFaults plants one fault after the other.
func TestParityCheckFindsFaults(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "from-python.md"))
	if err != nil {
		t.Fatal(err)
	}
	names, tests := declarations(t), readTests(t)
	for _, c := range []struct{ name, old, new, want string }{
		{"a row is gone", "| SY-04 |", "| SY-04b |", "SY-04 is missing"},
		{"a row is there twice", "| SY-04 |", "| SY-05 |", "SY-05: is there twice"},
		{"a row of asyncio is gone", "| AS-SY-04 |", "| AS-SY-04b |", "AS-SY-04 is missing"},
		{"a row of attributes is gone", "| AS-QU-A |", "| AS-QU-10 |", "AS-QU-A is missing"},
		{"a feature of nowhere", "| SY-04 |", "| SY-99 |", "SY-99 is not one of"},
		{"a method is renamed", "`Event.IsSet`", "`Event.HasHappened`", "Event.HasHappened is not declared"},
		{"a function is renamed", "`stream.Memory`", "`stream.Rendezvous`", "stream.Rendezvous is not declared"},
		{"another type's method", "`Event.IsSet`", "`Event.TryAcquire`", "Event.TryAcquire is not declared"},
		{"a test is gone", "`TestEventStatistics`", "`TestEventNumbers`", "there is no test TestEventNumbers"},
		{"done without a test", "| done | `TestEventSetOutsideBeforeTheRun` |", "| done | — |", "is done and names no test"},
		{"done without a name", "| `Event` |", "| an event |", "names nothing of ours"},
		{"an unknown state", "| Event() | `Event` | done |", "| Event() | `Event` | soon |", `the state is "soon"`},
		{"later, nobody knows when", "| done | `TestEventSetOutsideBeforeTheRun` |", "| later: ZZ | — |", "want done"},
		{"later, but the area exists", "| done | `TestEventSetOutsideBeforeTheRun` |", "| later: SY | — |", "want done"},
		{"a broken row", "| SY-04 | ", "| SY-04 | | ", "a row with 6 cells"},
		{"a test of something else", "| `TestEventStatistics`", "| `TestEventStatistics`, `TestPathAgreesWithPathlib`", "TestPathAgreesWithPathlib uses nothing that"},
		{"a name without a test", "| `Event` |", "| `Event`, `fileio.Home` |", "none of the tests uses fileio.Home"},
		{"an old name without a test", "| `MoveOnAfter` | done | `TestMoveOnAfterIsNoError` |\n| O1-07", "| `MoveOnAfter` | done | — |\n| O1-07", "O1-06: is done and names no test"},
	} {
		faulty := strings.Replace(string(page), c.old, c.new, 1)
		if faulty == string(page) {
			t.Errorf("%s: the page has no %q", c.name, c.old)
			continue
		}
		if found := strings.Join(checkParity(faulty, names, tests), "\n"); !strings.Contains(found, c.want) {
			t.Errorf("%s: want %q in\n%s", c.name, c.want, found)
		}
	}
}
