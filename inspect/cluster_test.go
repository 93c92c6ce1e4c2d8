package inspect_test

import (
	"context"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
)

func TestTaskInALine(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var done anyio.Event
		within(t, ctx, func(s *inspect.Snapshot) {
			w := task(t, s, "waits")
			line := w.String()
			if !strings.HasPrefix(line, "waits #") || !strings.Contains(line, " waiting for Event.Wait at inspect/cluster_test.go:") || !strings.Contains(s.String(), "─ "+line+"\n") {
				t.Errorf("got %q", line)
			}
			done.Set()
		}, map[string]func(context.Context) error{"waits": func(ctx context.Context) error { return done.Wait(ctx) }})
	})
}

func TestNoNumbersWithoutACluster(t *testing.T) {
	if n := inspect.ClusterNumbers(); n != nil {
		t.Errorf("got %v", n)
	}
}
