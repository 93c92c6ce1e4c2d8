package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"
)

// A row is the result of one shape on one backend.
type row struct {
	Shape       string  `json:"shape"`
	Backend     string  `json:"backend"`
	Unit        string  `json:"unit"` // "ns" of processor time per operation, or "B" per task or connection
	Ours        float64 `json:"ours"`
	Peer        string  `json:"peer"`
	Theirs      float64 `json:"theirs"`
	OursMin     float64 `json:"ours_min"` // of the rounds: what a busy machine disturbs least
	TheirsMin   float64 `json:"theirs_min"`
	OursWall    float64 `json:"ours_wall"` // by the wall clock: 0 for memory
	TheirsWall  float64 `json:"theirs_wall"`
	Ratio       float64 `json:"ratio"`
	Noise       float64 `json:"noise"` // by how much of itself the ratio may be off
	OurAllocs   float64 `json:"our_allocs"`
	OurBytes    float64 `json:"our_bytes"`
	TheirAllocs float64 `json:"their_allocs"`
	TheirBytes  float64 `json:"their_bytes"`
	Goal        float64 `json:"goal"`
	Met         bool    `json:"met"`
	Rounds      int     `json:"rounds"`
}

// An environment is where rows were measured: the first line of -json.
type environment struct {
	Go         string        `json:"go,omitempty"`
	System     string        `json:"system,omitempty"`
	Processors int           `json:"processors,omitempty"`
	Date       time.Time     `json:"date,omitzero"`
	Rounds     int           `json:"of_rounds,omitempty"`
	Round      time.Duration `json:"round_ns,omitempty"`
}

func (c config) environment() environment {
	return environment{
		Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH, Processors: runtime.GOMAXPROCS(0),
		Date: time.Now().UTC().Truncate(time.Second), Rounds: c.rounds, Round: c.round,
	}
}

// A report prints rows as they come.
type report struct {
	w          io.Writer
	cfg        config
	began      time.Time
	rows, good int
}

func newReport(w io.Writer, cfg config) *report {
	return &report{w: w, cfg: cfg, began: time.Now()}
}

func (r *report) remark(format string, args ...any) {
	if !r.cfg.json && !r.cfg.markdown {
		fmt.Fprintf(r.w, "# "+format+"\n", args...)
	}
}

func (r *report) begin() {
	env := r.cfg.environment()
	if r.cfg.json {
		line, _ := json.Marshal(env)
		fmt.Fprintf(r.w, "%s\n", line)
	}
	r.remark("%s %s, %d processors, medians of %d rounds of %v of processor time", env.Go, env.System, env.Processors, env.Rounds, env.Round)
	r.remark("%-3s %-4s %-9s %9s %-20s %9s %6s | ours: allocs, B; peer: allocs, B | goal", "", "", "backend", "ours", "peer", "ns", "ratio")
}

func (r *report) row(w row) {
	mark := w.mark()
	if mark != "-" {
		r.rows++
	}
	if mark == "met" {
		r.good++
	}
	if r.cfg.json {
		line, _ := json.Marshal(w) // numbers and strings only
		fmt.Fprintf(r.w, "%s\n", line)
		return
	}
	if r.cfg.markdown {
		return // all in one table
	}
	fmt.Fprintf(r.w, "ratio %-4s %-9s %9.1f %-20s %9.1f %6.3f  %6.2f %6.0f %6.2f %6.0f  %5.3g %s\n",
		w.Shape, w.Backend, w.Ours, w.Peer, w.Theirs, w.Ratio,
		w.OurAllocs, w.OurBytes, w.TheirAllocs, w.TheirBytes, w.Goal, mark)
}

// mark is "-" where there is no goal.
func (w row) mark() string {
	switch {
	case w.Goal == 0:
		return "-"
	case w.Met:
		return "met"
	}
	return "missed"
}

func (r *report) end() {
	r.remark("%d of %d goals met, in %.0f s; S9b and N5 are in bytes", r.good, r.rows, time.Since(r.began).Seconds())
}
