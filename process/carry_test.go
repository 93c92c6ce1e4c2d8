package process_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// A userKey leads to who calls.
type userKey struct{}

func userOf(ctx context.Context) string {
	user, _ := ctx.Value(userKey{}).(string)
	return user
}

// carryUser lets it travel to workers, in all of this package's tests: it must be so
// before WorkerMain.
var _ = process.Carry(func(ctx context.Context, carried map[string]string) {
	if user := userOf(ctx); user != "" {
		carried["user"] = user
	}
}, func(ctx context.Context, carried map[string]string) context.Context {
	if user := carried["user"]; user != "" {
		return context.WithValue(ctx, userKey{}, user)
	}
	return ctx
})

var whoCalls = process.Register("who calls", func(ctx context.Context, _ struct{}) (string, error) { return userOf(ctx), nil })

// Each call takes along what its own context has, also to a worker that has served another
// and in the simulator, where there is none.
func TestCarryTakesValuesToWorkers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		limiter := process.Limiter(anyio.NewCapacityLimiter(1)) // so that there is one worker
		for _, user := range []string{"alice", "", "böb\n", "alice"} {
			with := ctx
			if user != "" {
				with = context.WithValue(ctx, userKey{}, user)
			}
			if got, err := whoCalls.Call(with, struct{}{}, limiter); got != user || err != nil {
				t.Errorf("called by %q, the function saw %q, %v", user, got, err)
			}
		}
	})
}

func TestCarryIsStopped(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		injected := 0
		stop := process.Carry(func(context.Context, map[string]string) { injected++ }, func(ctx context.Context, _ map[string]string) context.Context { return ctx })
		call := func() {
			_, err := whoCalls.Call(ctx, struct{}{})
			testkit.WantNil(t, "Call", err)
		}
		call()
		stop()
		stop() // once more
		call()
		if injected != 1 {
			t.Errorf("injected %d times", injected)
		}
	})
}

func TestCarryNeedsBothFunctions(t *testing.T) {
	testkit.WantMisuse(t, "Carry", testkit.Recovered(func() { process.Carry(nil, nil) }))
}
