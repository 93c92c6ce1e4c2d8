package kernel

import "testing"

func TestInstallRefusesGapsAndASecondCall(t *testing.T) {
	var hooks Hooks
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
		hooks.install(h)
	}
	for what, gap := range map[string]func(*Hooks){
		"no Canceled": func(h *Hooks) { h.Canceled = nil },
		"no Panic":    func(h *Hooks) { h.Panic = nil },
		"no Misuse":   func(h *Hooks) { h.Misuse = nil },
	} {
		h := all
		gap(&h)
		refuses(what, h)
	}
	hooks.install(all)
	refuses("a second call", all)
}
