// Package testlog reads what go test -json has written.
package testlog

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// An event is one line of go test -json. See go doc test2json.
type event struct {
	Action, ImportPath, Package, Test, Output string
}

// A test is one, or a package, or the build of one.
type test struct {
	name string
	out  []string
	end  string // the action
}

// How much of one test's output is shown: a crash says the most at its beginning, a test
// at its end.
const first, last = 50, 50

// A Log is what a run of go test has said.
type Log struct {
	tests []*test // in order of their beginning
	by    map[string]*test
	other []string // lines that are no events
}

// Read reads a log to its end.
func Read(r io.Reader) (*Log, error) {
	l := &Log{by: make(map[string]*test)}
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadString('\n')
		var e event
		switch {
		case line == "":
		case json.Unmarshal([]byte(line), &e) != nil:
			l.other = append(l.other, strings.TrimSuffix(line, "\n")+"\n")
		default:
			l.add(e)
		}
		if err == io.EOF {
			return l, nil
		}
		if err != nil {
			return l, err
		}
	}
}

func (l *Log) add(e event) {
	name := e.Package
	if e.Test != "" {
		name += " " + e.Test
	} else if name == "" {
		name = "build of " + e.ImportPath
	}
	t := l.by[name]
	if t == nil {
		t = &test{name: name}
		l.tests, l.by[name] = append(l.tests, t), t
	}
	switch e.Action {
	case "output", "build-output":
		if e.Output != "" {
			t.out = append(t.out, e.Output)
		}
	case "pass", "skip", "fail", "build-fail":
		t.end = e.Action
	}
}

// Passed counts the tests of a name that is accepted and that have passed, with subtests.
func (l *Log) Passed(accept func(name string) bool) int {
	n := 0
	for _, t := range l.tests {
		if _, name, isTest := strings.Cut(t.name, " "); isTest && t.end == "pass" && accept(name) {
			n++
		}
	}
	return n
}

// Failures tells what failed tests, builds and packages have said, and tests that were
// running when their package ended: a crash is told there.
func (l *Log) Failures() string {
	var b strings.Builder
	for _, t := range l.tests {
		if t.end == "pass" || t.end == "skip" {
			continue
		}
		out := said(t.out)
		if strings.TrimSpace(strings.Join(out, "")) == "" {
			continue
		}
		fmt.Fprintf(&b, "== %s\n", t.name)
		if cut := len(out) - first - last; cut > 0 {
			out = append(append(out[:first:first], fmt.Sprintf("… %d lines …\n", cut)), out[first+cut:]...)
		}
		for _, line := range out {
			b.WriteString(line)
		}
	}
	for _, line := range l.other {
		b.WriteString(line)
	}
	return b.String()
}

// said leaves out the lines that only say that a test runs. An event may have a part of
// a line.
func said(out []string) []string {
	var lines []string
	for line := range strings.Lines(strings.Join(out, "")) {
		if !strings.HasPrefix(line, "=== ") {
			lines = append(lines, strings.TrimSuffix(line, "\n")+"\n")
		}
	}
	return lines
}
