package anyio_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

func TestPrintTasksDrawsTheTree(t *testing.T) {
	var b bytes.Buffer
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			var ev anyio.Event
			a := tg.Go(func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error { return waitInHere(ctx, &ev) }, anyio.Name("leaf"))
					return nil
				})
			}, anyio.Name("a"))
			tg.Go(func(ctx context.Context) error {
				return anyio.Shielded(ctx, time.Minute, ev.Wait)
			}, anyio.Name("b"))
			if err := anyio.Sleep(ctx, time.Second); err != nil {
				return err
			}
			a.Cancel("test")
			err := anyio.PrintTasks(ctx, &b)
			ev.Set()
			return err
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})), anyio.MainName("main"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	for i, want := range []struct{ begin, inside string }{
		{"main #1 running at ", "_test.go:"},
		{"├─ a #2 waiting for TaskGroup exit: waiting for its tasks at ", "since 1s, canceled"},
		{"│  └─ leaf #", "_test.go:"},
		{"└─ b #3 waiting for Event.Wait at ", "since 1s, deadline in 59s, shielded"},
		{"", ""},
	} {
		if i >= len(lines) || !strings.HasPrefix(lines[i], want.begin) || !strings.Contains(lines[i], want.inside) {
			t.Fatalf("line %d does not match %+v in\n%s", i, want, &b)
		}
	}
}
