package main

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

var begun anyio.Event

var paints = process.Register("paints", func(ctx context.Context, _ string) (int, error) {
	begun.Set()
	return 0, anyio.SleepForever(ctx)
})

func runMain(ctx context.Context, args ...string) (status int, stdout, stderr string) {
	var out, err strings.Builder
	status = run(ctx, args, &out, &err)
	return status, out.String(), err.String()
}

func TestClusterIsShown(t *testing.T) {
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{Listen: "127.0.0.1:0", Name: "studio\x1b[2J"})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("seen")
			if _, err := anyio.Start(ctx, tg, cluster.Worker{Capacity: 2, Labels: []string{"gpu"}}.Task(c)); err != nil {
				return err
			}
			cluster.Go(tg, c, paints, "secret")
			if err := begun.Wait(ctx); err != nil {
				return err
			}
			for args, want := range map[string]string{
				"ps": `(?s)^MEMBER +ID +HOST.*\nstudio�\[2J +` + c.ID() + ` .* anyio-cluster.test\S* +1 +2 +1 +0 +0\n\n` +
					`WORKER +MEMBER.*\n\S+ +studio\S+ +1 +2 +gpu +paints\n\nFUNCTION +OF.*\npaints +studio\S+ +studio\S+ +\S+ +- +runs\n$`,
				"ps -json":   `^\[{"ID":"` + c.ID() + `"`,
				"tree":       `(?s)^anyio-cluster.test\S*, process \d+ on .*: studio\S+\nrun .*─ paints #\d+ waiting for cluster.Call.*└─ → studio\S+: paints #\d+ waiting for SleepForever`,
				"tree -json": `^{"Members":\[{"ID":"` + c.ID() + `"`,
			} {
				args := append(strings.Fields(args), "-wait", "500ms", c.URL())
				status, stdout, stderr := runMain(t.Context(), args...)
				if status != exitOK || stderr != "" || !regexp.MustCompile(want).MatchString(stdout) || strings.Contains(stdout, "secret") {
					t.Errorf("%v: status %d, %s\n%s\nwant %s", args, status, stderr, stdout, want)
				}
			}
			if status, stdout, _ := runMain(t.Context(), "ps", "-wait", "200ms", "-prefix", "another", c.URL()); status != exitOK || stdout != "no members\n" {
				t.Errorf("status %d, %q", status, stdout)
			}
			return nil
		})
	})
	if err != nil {
		t.Error(err)
	}
}

func TestClusterThatCannotBeShown(t *testing.T) {
	for args, want := range map[string]string{
		"":                          "want ps or tree first",
		"top nats://h:4222":         "want ps or tree first",
		"ps":                        "want the address of one server",
		"ps -wait 0s nats://h:4222": "-wait 0s: want how long",
		"ps -cert c nats://h:4222":  "-cert and -key",
		"ps -nosuch nats://h:4222":  "not defined: -nosuch",
	} {
		if status, stdout, stderr := runMain(t.Context(), strings.Fields(args)...); status != exitUsage || stdout != "" || !strings.Contains(stderr, want) {
			t.Errorf("%q: status %d, %q, %q", args, status, stdout, stderr)
		}
	}
	if status, _, stderr := runMain(t.Context(), "ps", "nats://127.0.0.1:1"); status != exitFailed || !strings.HasPrefix(stderr, "anyio-cluster: connecting to nats://127.0.0.1:1: ") {
		t.Errorf("status %d, %q", status, stderr)
	}
	if status, stdout, _ := runMain(t.Context(), "-h"); status != exitOK || !strings.Contains(stdout, "-creds") {
		t.Errorf("status %d, %q", status, stdout)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if status, _, _ := runMain(ctx, "ps", "nats://127.0.0.1:1"); status != exitInterrupted {
		t.Errorf("status %d", status)
	}
}
