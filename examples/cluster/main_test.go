package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// TestMain makes the test binary a worker, too.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-work") {
		main()
		return
	}
	os.Exit(m.Run())
}

// output is written by several tasks.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func TestCountsAreTheSame(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		dir, err := library(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c, err := cluster.Open(ctx, cluster.Config{Listen: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		var out output
		if err := count(ctx, &out, c, filepath.Join(dir, "net"), c.URL(), 3); err != nil {
			t.Error(err)
		}
		for _, want := range []string{"killing a worker\n", " err\n", "the same as counted here: true\n"} {
			if text := out.b.String(); !strings.Contains(text, want) {
				t.Errorf("no %q in what was printed:\n%s", want, text)
			}
		}
	}, anyiotest.Skip("sim", "there are no processes"))
}
