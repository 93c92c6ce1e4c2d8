// Package golangci makes the rules of anyiovet a module plugin of golangci-lint. It is
// imported by the golangci-lint that "golangci-lint custom" builds, and by nothing else.
package golangci

import (
	"fmt"

	"github.com/golangci/plugin-module-register/register"
	"golang.org/x/tools/go/analysis"

	"github.com/anyio-go/anyio/anyiovet/rules"
)

func init() { register.Plugin("anyiovet", New) }

// Settings are those of the linter in .golangci.yml.
type Settings struct {
	Disable []string `json:"disable"` // names of rules
}

// New makes the linter.
func New(settings any) (register.LinterPlugin, error) {
	s, err := register.DecodeSettings[Settings](settings)
	if err != nil {
		return nil, err
	}
	p := &plugin{}
	off := map[string]bool{}
	for _, name := range s.Disable {
		off[name] = true
	}
	for _, a := range rules.All() {
		if !off[a.Name] {
			p.analyzers = append(p.analyzers, a)
		}
		delete(off, a.Name)
	}
	for name := range off {
		return nil, fmt.Errorf("anyiovet: there is no rule %q", name)
	}
	return p, nil
}

type plugin struct{ analyzers []*analysis.Analyzer }

func (p *plugin) BuildAnalyzers() ([]*analysis.Analyzer, error) { return p.analyzers, nil }

func (p *plugin) GetLoadMode() string { return register.LoadModeTypesInfo }
