package lint

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// checkAsyncioParity tells what is wrong with docs/asyncio-parity.md. programs are the
// Python programs, twins those that have one in Go.
func checkAsyncioParity(page string, programs, twins map[string]bool, hasTest func(name string) bool) (problems []string) {
	rows, named := 0, map[string]bool{}
	for i, text := range strings.Split(page, "\n") {
		cells := strings.Split(strings.Trim(text, "| "), " | ")
		if !strings.HasPrefix(text, "| ") || cells[0] == "behaviour" {
			continue
		}
		bad := func(format string, args ...any) {
			problems = append(problems, fmt.Sprintf("line %d: ", i+1)+fmt.Sprintf(format, args...))
		}
		if rows++; len(cells) != 3 {
			bad("a row with %d cells", len(cells))
			continue
		}
		proofs, open := 0, false
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			switch name := m[1]; {
			case programs[name]:
				named[name] = true
				proofs++
				open = open || !twins[name]
			case testName.MatchString(name) && hasTest(name):
				proofs++
			default:
				bad("there is no program or test %s", name)
			}
		}
		switch state := cells[2]; {
		case state == "done" && (proofs == 0 || open):
			bad("is done and names no test, or a program without a twin")
		case state == "open" && proofs > 0 && !open:
			bad("is open, but the tests are there")
		case state != "done" && state != "open" && state != "none":
			bad("the state is %q", state)
		}
	}
	for name := range programs {
		if !named[name] {
			problems = append(problems, "no row names the program "+name)
		}
	}
	for name := range twins {
		if !programs[name] {
			problems = append(problems, "there is no Python program "+name)
		}
	}
	if rows < 500 {
		problems = append(problems, fmt.Sprintf("only %d rows", rows))
	}
	return problems
}

// asyncioPrograms are the Python programs, and those that have a twin.
func asyncioPrograms(t *testing.T) (programs, twins map[string]bool) {
	t.Helper()
	programs, twins = map[string]bool{}, map[string]bool{}
	files, err := filepath.Glob(filepath.Join(root, "asyncio", "testdata", "differential", "*.py"))
	if err != nil || len(files) < 100 {
		t.Fatal(len(files), err)
	}
	for _, f := range files {
		programs[strings.TrimSuffix(filepath.Base(f), ".py")] = true
	}
	sources, err := filepath.Glob(filepath.Join(root, "asyncio", "differential*_test.go"))
	if err != nil {
		t.Fatal(err)
	}
	twin := regexp.MustCompile(`\{name: "([a-z_]+)"`)
	for _, f := range sources {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range twin.FindAllStringSubmatch(string(data), -1) {
			twins[m[1]] = true
		}
	}
	return programs, twins
}

// TestAsyncioParityTableIsTrue looks at each row, and plants one fault after the other.
func TestAsyncioParityTableIsTrue(t *testing.T) {
	data, err := os.ReadFile(filepath.Join(root, "docs", "asyncio-parity.md"))
	if err != nil {
		t.Fatal(err)
	}
	page := string(data)
	programs, twins := asyncioPrograms(t)
	tests := readTests(t)
	for _, p := range checkAsyncioParity(page, programs, twins, tests.has) {
		t.Errorf("docs/asyncio-parity.md: %s", p)
	}
	for _, c := range []struct{ old, new, want string }{
		{"`future_states`", "`future_statuses`", "no program or test future_statuses"},
		{"`TestServerOfASocket`", "`TestServerOfASock`", "no program or test TestServerOfASock"},
		{"`call_soon_order` | done |", "— | done |", "names no test"},
		{"`call_soon_order` | done |", "`call_soon_order` | open |", "the tests are there"},
		{"`call_soon_order` | done |", "`call_soon_order` | soon |", `the state is "soon"`},
		{"| `call_soon_order` | done |", "| done |", "a row with 2 cells"},
	} {
		faulty := strings.Replace(page, c.old, c.new, 1)
		if problems := strings.Join(checkAsyncioParity(faulty, programs, twins, tests.has), "\n"); faulty == page || !strings.Contains(problems, c.want) {
			t.Errorf("%s for %s is not seen: %s", c.new, c.old, problems)
		}
	}
	delete(programs, "future_states")
	if problems := checkAsyncioParity(page, programs, twins, tests.has); len(problems) == 0 {
		t.Error("a program that is gone is not seen")
	}
}
