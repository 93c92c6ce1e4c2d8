package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
)

// A timeline records what happens in a run, by the run's own clock.
type timeline struct {
	backend anyio.Backend
	start   time.Time

	mu      sync.Mutex // guards what follows
	moments []momentRecord
	bars    []*bar
}

// momentRecord is one thing that happened.
type momentRecord struct {
	Kind    string  `json:"kind"`
	Backend string  `json:"backend"`
	At      float64 `json:"at_ms"`
	Task    string  `json:"task"`
	What    string  `json:"what"`
}

func (r momentRecord) text(w io.Writer) {
	fmt.Fprintf(w, "  %8.1f ms  %-9s %s\n", r.At, r.Task, r.What)
}

// A bar is the time that something took.
type bar struct {
	Name string  `json:"name"`
	From float64 `json:"from_ms"`
	To   float64 `json:"to_ms"`
	Cut  bool    `json:"cut_short"`
}

func newTimeline(ctx context.Context, backend anyio.Backend) *timeline {
	return &timeline{backend: backend, start: anyio.Now(ctx)}
}

// order sorts the bars as their names are listed.
func (t *timeline) order(names ...string) {
	slices.SortFunc(t.bars, func(a, b *bar) int {
		return slices.Index(names, a.Name) - slices.Index(names, b.Name)
	})
}

// during records the beginning of f and, in the words that f returns, its end.
// cut tells that it was cut short.
func (t *timeline) during(ctx context.Context, name, begins string, f func() (what string, cut bool)) {
	b := &bar{Name: name, From: t.note(ctx, name, begins)}
	t.mu.Lock()
	t.bars = append(t.bars, b)
	t.mu.Unlock()
	what, cut := f()
	b.To, b.Cut = t.note(ctx, name, what), cut
}

func (t *timeline) note(ctx context.Context, name, what string) float64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	at := millis(anyio.Now(ctx).Sub(t.start))
	t.moments = append(t.moments, momentRecord{Kind: "moment", Backend: t.backend.Name(), At: at, Task: name, What: what})
	return at
}

// chartWidth is the number of columns of a chart's time axis.
const chartWidth = 48

// chart draws a line for each bar, over total milliseconds.
func chart(w io.Writer, bars []*bar, total float64) {
	column := func(at float64) int {
		if total <= 0 {
			return 0
		}
		return min(int(at/total*chartWidth+0.5), chartWidth)
	}
	for _, b := range bars {
		from, to := column(b.From), column(b.To)
		end := "|"
		if b.Cut {
			end = "x"
		}
		line := strings.Repeat(" ", from)
		if to > from {
			line += "|" + strings.Repeat("=", to-from-1)
		}
		line += end
		fmt.Fprintf(w, "  %11s  %-9s %-*s %6.1f ms\n", "", b.Name, chartWidth+1, line, b.To-b.From)
	}
}
