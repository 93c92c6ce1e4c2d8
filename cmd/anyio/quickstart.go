package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
)

// showQuickstart runs the same small program on each backend.
func (d *demo) showQuickstart(ctx context.Context) error {
	d.section("1. Tasks, a timeout, a blocking call",
		"Two tasks in a group, then a timeout that cuts a long wait short, then a",
		"blocking call in a worker. Times are the run's own, virtual in the simulator.")
	for _, b := range d.backends {
		if err := d.showProgram(ctx, "quickstart", b, quickstart, "A", "B", "timeout", "blocking"); err != nil {
			return err
		}
	}
	return nil
}

// quickstart is the program.
func quickstart(ctx context.Context, t *timeline) error {
	fetch := func(name string, d time.Duration) func(ctx context.Context) error {
		return func(ctx context.Context) (err error) {
			t.during(ctx, name, fmt.Sprintf("starts, sleeps %v", d), func() (string, bool) {
				err = anyio.Sleep(ctx, d)
				return outcome(err, "done")
			})
			return err
		}
	}
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(fetch("A", 100*time.Millisecond), anyio.Name("A"))
		tg.Go(fetch("B", 50*time.Millisecond), anyio.Name("B"))
		return nil // the group waits for both
	})
	if err != nil {
		return err
	}

	t.during(ctx, "timeout", "starts, sleeps 10s with a timeout of 40ms", func() (string, bool) {
		var timedOut bool
		timedOut, err = anyio.MoveOnAfter(ctx, 40*time.Millisecond, func(ctx context.Context) error {
			return anyio.Sleep(ctx, 10*time.Second)
		})
		if timedOut {
			return "cut short, and the program moves on", true
		}
		return outcome(err, "done")
	})
	if err != nil {
		return err
	}

	t.during(ctx, "blocking", "starts, hashes 16 MB in a worker", func() (string, bool) {
		var sum string
		sum, err = anyio.RunBlockingValue(ctx, func() (string, error) {
			return fmt.Sprintf("%x", sha256.Sum256(make([]byte, 16<<20))), nil
		})
		return outcome(err, "done: "+sum[:min(12, len(sum))])
	})
	return err
}

// outcome is how something ended, in words.
func outcome(err error, done string) (what string, cut bool) {
	if err != nil {
		return "canceled", true
	}
	return done, false
}
