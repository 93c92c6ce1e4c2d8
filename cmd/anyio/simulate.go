package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// showSimulator shows virtual time, replay, and a deadlock found by its seed.
func (d *demo) showSimulator(ctx context.Context) error {
	d.section("4. The simulator",
		fmt.Sprintf("An hour of %d sensors, each of which reports to a stream every 10 to 59 seconds.", sensors),
		"The clock jumps when everybody waits; the seed decides who runs first.", "",
		fmt.Sprintf("  %-9s %9s %9s %9s %10s   %s", "seed", "reports", "steps", "virtual", "real", "trace"))
	var first uint64
	for i, seed := range []uint64{d.seed, d.seed, d.seed + 1} {
		r, err := simulateHour(ctx, seed)
		if err != nil {
			return err
		}
		switch {
		case i == 0:
			first = r.hash
		case r.hash == first:
			r.Note = "the same"
		default:
			r.Note = "another order"
		}
		d.out.emit(r)
		if same := r.hash == first; i > 0 && same != (seed == d.seed) {
			return fmt.Errorf("seed %d: trace %s, and seed %d: trace %016x", seed, r.Trace, d.seed, first)
		}
	}
	return d.showDeadlock(ctx)
}

// sensors is the number of tasks in the simulated hour; tests have fewer.
var sensors = 300

// hour lets the sensors report for an hour, and counts the reports.
func hour(ctx context.Context) (reports int, err error) {
	timedOut, err := anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			send, receive := stream.Memory[int](0)
			defer func() { _ = receive.Close(ctx) }()
			for i := range sensors {
				to := send.Clone()
				tg.Go(func(ctx context.Context) error { return sense(ctx, i, to) }, anyio.Name(fmt.Sprintf("sensor %d", i)))
			}
			_ = send.Close(ctx)
			for _, err := range receive.All(ctx) {
				if err != nil {
					return err
				}
				reports++
			}
			return nil
		})
	})
	if err == nil && !timedOut {
		err = errors.New("the sensors stopped before the hour was over")
	}
	return reports, err
}

// sense is one sensor: it reports its number again and again.
func sense(ctx context.Context, number int, to *stream.MemorySendStream[int]) error {
	defer func() { _ = to.Close(ctx) }()
	period := time.Duration(10+number%50) * time.Second
	for {
		if err := anyio.Sleep(ctx, period); err != nil {
			return err
		}
		if err := to.Send(ctx, number); err != nil {
			return err
		}
	}
}

// simulationRecord is one simulated hour.
type simulationRecord struct {
	Kind    string  `json:"kind"`
	Seed    uint64  `json:"seed"`
	Tasks   int     `json:"tasks"`
	Reports int     `json:"reports"`
	Steps   uint64  `json:"steps"`
	Lasted  float64 `json:"virtual_s"`
	Elapsed float64 `json:"elapsed_ms"`
	Trace   string  `json:"trace"`
	Note    string  `json:"note,omitempty"` // compared with the first
	hash    uint64
}

func (r simulationRecord) text(w io.Writer) {
	fmt.Fprintf(w, "  %-9d %9s %9s %7.0f s %7.0f ms   %s", r.Seed, grouped(int64(r.Reports)), grouped(int64(r.Steps)), r.Lasted, r.Elapsed, r.Trace)
	if r.Note != "" {
		fmt.Fprintf(w, "  %s", r.Note)
	}
	fmt.Fprintln(w)
}

func simulateHour(ctx context.Context, seed uint64) (simulationRecord, error) {
	r := simulationRecord{Kind: "simulation", Seed: seed, Tasks: sensors}
	backend := sim.New(sim.Config{Seed: seed})
	start := time.Now()
	err := anyio.Run(ctx, func(ctx context.Context) (err error) {
		begin := anyio.Now(ctx)
		r.Reports, err = hour(ctx)
		r.Lasted = anyio.Now(ctx).Sub(begin).Seconds()
		return err
	}, anyio.On(backend), anyio.MainName("main"))
	r.Elapsed = millis(time.Since(start))
	r.Steps, r.hash = backend.Steps(), backend.Hash()
	r.Trace = fmt.Sprintf("%016x", r.hash)
	return r, err
}
