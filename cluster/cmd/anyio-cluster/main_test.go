package main

import (
	"context"
	"errors"
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
					`WORKER +MEMBER.*\n\S+ +studio\S+ +1 +2 +gpu +paints, spoils\n\nFUNCTION +OF.*\npaints +studio\S+ +studio\S+ +\S+ +- +runs\n$`,
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

var spoils = process.Register("spoils", func(context.Context, string) (int, error) {
	return 0, cluster.Retry(errors.New("it is \x1b[2Jspoiled"), 0)
})

func TestDeadLettersAreShown(t *testing.T) {
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{Listen: "127.0.0.1:0", Name: "studio"})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		if status, stdout, stderr := runMain(t.Context(), "dead", c.URL()); status != exitOK || stdout != "no dead letters\n" {
			t.Errorf("status %d, %q, %q", status, stdout, stderr)
		}
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("seen")
			tg.Go(func(ctx context.Context) error {
				return cluster.Work(ctx, c, cluster.Worker{Jobs: true, Functions: []string{"spoils"}})
			})
			nobody, err := cluster.Submit(ctx, c, paints, "secret", cluster.Key("nobody"))
			if err != nil {
				return err
			}
			tg.Go(func(ctx context.Context) error {
				_, err := nobody.Await(ctx)
				return err
			})
			job, err := cluster.Submit(ctx, c, spoils, "secret", cluster.Attempts(1))
			if err != nil {
				return err
			}
			if _, err := job.Await(ctx); err == nil {
				t.Error("it is not dead")
			}
			for args, want := range map[string]string{
				"dead":       `^DEAD +FUNCTION .*\n` + job.ID() + ` +spoils +1 +20\S+ \S+ +it is  \[2Jspoiled\n$`,
				"ps":         `(?s)\nFUNCTION +OF.*\npaints +studio +- +\S+ +- +waits for job ` + nobody.ID() + `\n$`,
				"dead -json": `^\[{"ID":"` + job.ID() + `","Function":"spoils","Attempts":1,"Reason":"it is`,
			} {
				status, stdout, stderr := runMain(t.Context(), append(strings.Fields(args), c.URL())...)
				if status != exitOK || stderr != "" || !regexp.MustCompile(want).MatchString(stdout) || strings.Contains(stdout, "secret") {
					t.Errorf("%v: status %d, %s\n%s\nwant %s", args, status, stderr, stdout, want)
				}
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
		"":                          "want ps, tree or dead first",
		"top nats://h:4222":         "want ps, tree or dead first",
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
