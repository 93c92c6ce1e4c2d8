package linear_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/portal"
)

// gate is the state of a portal.
type gate struct{ stopped, canceled bool }

// A portal in the loop of those who call it. Of calls that are under way when it is stopped
// each is made; when it is canceled, or is canceled.
func TestPortal(t *testing.T) {
	type object = *portal.Portal
	outcome := func(err error) any {
		switch {
		case errors.Is(err, portal.ErrStopped):
			return "stopped"
		case errors.Is(err, anyio.ErrTaskCanceled):
			return "task canceled"
		}
		return text(err)
	}
	calls := func(f func(ctx context.Context) error) func(context.Context, object, int) any {
		return func(ctx context.Context, p object, _ int) any {
			_, err := portal.Call(ctx, p, func(ctx context.Context) (int, error) { return 0, f(ctx) })
			return outcome(err)
		}
	}
	(&spec[object]{
		within: portal.With,
		operations: []operation[object]{
			{"call", calls(func(context.Context) error { return nil })},
			{"wait for ever", calls(anyio.SleepForever)},
			{"go", func(_ context.Context, p object, _ int) any {
				_, err := portal.Go(p, func(context.Context) (int, error) { return 0, nil })
				return outcome(err)
			}},
			{"wait until stopped", func(ctx context.Context, p object, _ int) any { return outcome(p.WaitStopped(ctx)) }},
			{"stop", func(_ context.Context, p object, _ int) any { p.Stop(); return "ok" }},
			{"cancel", func(_ context.Context, p object, _ int) any { p.Cancel("enough"); return "ok" }},
		},
		init: gate{},
		step: func(state any, by call, out any) (bool, any) {
			g := state.(gate)
			switch by.name {
			case "stop":
				return out == "ok", gate{true, g.canceled}
			case "cancel":
				return out == "ok", gate{true, true}
			case "wait until stopped":
				if g.stopped {
					return out == "ok", g
				}
				return out == never, g
			}
			switch out {
			case "ok":
				return !g.stopped && by.name != "wait for ever", g
			case "stopped":
				return g.stopped, g
			case "task canceled":
				return g.canceled && by.name != "go", g
			}
			return out == never && by.name == "wait for ever" && !g.canceled, g
		},
	}).test(t)
}
