package kernel

import (
	"testing"

	"github.com/anyio-go/anyio/internal/race"
)

func TestInstallRefusesGapsAndASecondCall(t *testing.T) {
	if race.Enabled {
		t.Skip("goroutines of other tests that are ordered after nothing read what is written here")
	}
	before := hooks
	t.Cleanup(func() { hooks = before })
	all := Hooks{
		Canceled: func(*Cause) error { return nil },
		Panic:    func(any, string) error { return nil },
		Misuse:   func(string) error { return nil },
	}
	refuses := func(what string, h Hooks) {
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", what)
			}
		}()
		Install(h)
	}
	hooks = Hooks{}
	for what, gap := range map[string]func(*Hooks){
		"no Canceled": func(h *Hooks) { h.Canceled = nil },
		"no Panic":    func(h *Hooks) { h.Panic = nil },
		"no Misuse":   func(h *Hooks) { h.Misuse = nil },
	} {
		h := all
		gap(&h)
		refuses(what, h)
	}
	Install(all)
	refuses("a second call", all)
}
