package rules

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"
)

const testdata = "../testdata"

var only = flag.String("only", "./...", "the packages of testdata to look at")

// together is all rules as one analyzer: so the testdata, and the packages that it
// imports, are loaded once, and no rule may report what is there for another.
func together() *analysis.Analyzer {
	all := &analysis.Analyzer{Name: "all", Doc: "all rules"}
	for _, a := range All() {
		for _, r := range a.Requires {
			if !slices.Contains(all.Requires, r) {
				all.Requires = append(all.Requires, r)
			}
		}
	}
	all.Run = func(pass *analysis.Pass) (any, error) {
		for _, a := range All() {
			own := *pass
			own.Report = func(d analysis.Diagnostic) {
				d.Message = a.Name + ": " + d.Message
				pass.Report(d)
			}
			if _, err := a.Run(&own); err != nil {
				return nil, err
			}
		}
		return nil, nil
	}
	return all
}

func TestRules(t *testing.T) {
	dir, err := filepath.Abs(testdata)
	if err != nil {
		t.Fatal(err)
	}
	analysistest.RunWithSuggestedFixes(t, dir, together(), *only)
}

// TestEachRuleHasExamples looks for code that a rule reports and code that it does not.
func TestEachRuleHasExamples(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range All() {
		if !regexp.MustCompile(`^[a-z]{4,14}$`).MatchString(a.Name) || !strings.Contains(a.Doc, "\n\n") {
			t.Errorf("the rule %q has no short name, or no doc of several lines", a.Name)
		}
		if !strings.Contains(string(readme), "\n### "+a.Name+"\n") {
			t.Errorf("the README says nothing of %s", a.Name)
		}
		data, err := os.ReadFile(filepath.Join(testdata, a.Name, a.Name+".go"))
		if err != nil {
			t.Error(err)
		} else if !strings.Contains(string(data), a.Name+": ") || !strings.Contains(string(data), "\nfunc ") {
			t.Errorf("the testdata of %s has nothing to report", a.Name)
		}
	}
	if err := analysis.Validate(All()); err != nil {
		t.Error(err)
	}
	if !slices.IsSortedFunc(All(), func(a, b *analysis.Analyzer) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("the rules are not in the order of their names")
	}
}
