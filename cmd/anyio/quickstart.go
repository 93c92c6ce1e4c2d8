package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"github.com/anyio-go/anyio"
)

// showQuickstart runs the same small program on each backend.
func (d *demo) showQuickstart(ctx context.Context) error {
	d.section("1. Tasks, a timeout, a blocking call",
		"Two tasks in a group, then a timeout that cuts a long wait short, then a",
		"blocking call in a worker. Times are the run's own, virtual in the simulator.")
	for _, b := range d.backends {
		r, err := timeQuickstart(ctx, b)
		for _, m := range r.moments {
			if d.out.json {
				d.out.emit(m)
			}
		}
		d.out.emit(r)
		if err != nil {
			return err
		}
	}
	return nil
}

// quickstartRecord is one run of the quickstart.
type quickstartRecord struct {
	Kind    string  `json:"kind"`
	Backend string  `json:"backend"`
	Took    float64 `json:"took_ms"`    // by the run's clock
	Elapsed float64 `json:"elapsed_ms"` // in the real world
	Bars    []*bar  `json:"bars"`
	moments []momentRecord
}

func (r quickstartRecord) text(w io.Writer) {
	fmt.Fprintf(w, "\n%s (%.1f ms", r.Backend, r.Took)
	if r.Backend == "sim" {
		fmt.Fprintf(w, " of virtual time in %.1f ms", r.Elapsed)
	}
	fmt.Fprintln(w, ")")
	for _, m := range r.moments {
		m.text(w)
	}
	chart(w, r.Bars, r.Took)
}

func timeQuickstart(ctx context.Context, b anyio.Backend) (quickstartRecord, error) {
	r := quickstartRecord{Kind: "quickstart", Backend: b.Name()}
	start := time.Now()
	err := anyio.Run(ctx, func(ctx context.Context) error {
		t := newTimeline(ctx, b.Name())
		err := quickstart(ctx, t)
		r.Took = millis(anyio.Now(ctx).Sub(t.start))
		t.order("A", "B", "timeout", "blocking")
		r.moments, r.Bars = t.moments, t.bars
		return err
	}, anyio.On(b), anyio.MainName("main"))
	r.Elapsed = millis(time.Since(start))
	return r, err
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
		sum, err = anyio.RunBlocking(ctx, func() (string, error) {
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
