package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/anyio-go/anyio"
)

// programRecord is one run of a small program on one backend.
type programRecord struct {
	Kind    string  `json:"kind"`
	Backend string  `json:"backend"`
	Took    float64 `json:"took_ms"`    // by the run's clock
	Elapsed float64 `json:"elapsed_ms"` // in the real world
	Bars    []*bar  `json:"bars"`
	moments []momentRecord
	virtual bool // Took is
}

func (r programRecord) text(w io.Writer) {
	fmt.Fprintf(w, "\n%s (%.1f ms", r.Backend, r.Took)
	if r.virtual {
		fmt.Fprintf(w, " of virtual time in %.1f ms", r.Elapsed)
	}
	fmt.Fprintln(w, ")")
	for _, m := range r.moments {
		m.text(w)
	}
	chart(w, r.Bars, r.Took)
}

// showProgram runs a program on a backend and shows its timeline. The bars are shown
// in the order of their names.
func (d *demo) showProgram(ctx context.Context, kind string, b anyio.Backend, program func(ctx context.Context, t *timeline) error, bars ...string) error {
	r := programRecord{Kind: kind, Backend: b.Name(), virtual: simulates(b)}
	start := time.Now()
	err := anyio.Run(ctx, func(ctx context.Context) error {
		t := newTimeline(ctx, b)
		err := program(ctx, t)
		r.Took = millis(anyio.Now(ctx).Sub(t.start))
		t.order(bars...)
		r.moments, r.Bars = t.moments, t.bars
		return err
	}, anyio.On(b), anyio.MainName("main"))
	r.Elapsed = millis(time.Since(start))
	if d.out.json {
		for _, m := range r.moments {
			d.out.emit(m)
		}
	}
	d.out.emit(r)
	return err
}
