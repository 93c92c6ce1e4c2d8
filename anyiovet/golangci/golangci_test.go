package golangci

import (
	"testing"

	"github.com/golangci/plugin-module-register/register"

	"github.com/anyio-go/anyio/anyiovet/rules"
)

func analyzers(t *testing.T, settings any) int {
	t.Helper()
	make, err := register.GetPlugin("anyiovet")
	if err != nil {
		t.Fatal(err)
	}
	p, err := make(settings)
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.BuildAnalyzers()
	if err != nil || p.GetLoadMode() != register.LoadModeTypesInfo {
		t.Fatalf("%s, %v", p.GetLoadMode(), err)
	}
	return len(all)
}

func TestPluginHasTheRules(t *testing.T) {
	if n := analyzers(t, nil); n != len(rules.All()) {
		t.Errorf("%d rules, want %d", n, len(rules.All()))
	}
	if n := analyzers(t, map[string]any{"disable": []string{"errcmp"}}); n != len(rules.All())-1 {
		t.Errorf("%d rules without errcmp", n)
	}
}

func TestPluginRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, settings := range []any{map[string]any{"disable": []string{"nosuch"}}, map[string]any{"enable": true}} {
		if _, err := New(settings); err == nil {
			t.Errorf("%v: no error", settings)
		}
	}
}
