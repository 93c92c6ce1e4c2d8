package rules

import (
	"golang.org/x/tools/go/analysis"

	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// Directive reports //anyiovet:ignore without a reason, or with the name of no rule.
var Directive = rule.New("directive", `check directives of anyiovet

A directive is //anyiovet:ignore, the rules separated by commas, and a reason.
One without a reason, or with the name of no rule, turns nothing off.`,
	directives)

func directives(pass *rule.Pass) {
	known := map[string]bool{}
	for _, a := range all() {
		known[a.Name] = true
	}
	for _, file := range pass.Files {
		for _, d := range rule.Directives(pass.Pass, file) {
			if !d.Valid() {
				pass.Reportf(d.Pos, "the directive turns nothing off: write %s RULE REASON", rule.Prefix)
			}
			for _, name := range d.Rules {
				if !known[name] {
					pass.Reportf(d.Pos, "anyiovet has no rule %q", name)
				}
			}
		}
	}
}

// all is All, set by init: All names Directive.
var all func() []*analysis.Analyzer

func init() { all = All }
