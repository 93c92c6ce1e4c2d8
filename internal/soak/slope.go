package main

import (
	"errors"
	"fmt"
	"io"
	"math"
)

// blocks is the number of means that a line is laid through. Samples that follow
// each other are alike, so their own scatter would make chance look certain; means
// of long blocks are independent enough.
const blocks = 12

// surely is the quotient of a slope and its standard error that chance exceeds once
// in ten thousand runs: Student's t with blocks-2 degrees of freedom.
const surely = 5.69

// A trend is the line through a series.
type trend struct {
	mean   float64
	growth float64 // from the beginning of the line to its end
	t      float64 // the slope in standard errors
}

// trendOf lays a line through the means of blocks by least squares.
func trendOf(values []float64) trend {
	var means [blocks]float64
	for i := range means {
		from, to := i*len(values)/blocks, (i+1)*len(values)/blocks
		for _, v := range values[from:to] {
			means[i] += v / float64(to-from)
		}
	}
	var tr trend
	for _, m := range means {
		tr.mean += m / blocks
	}
	var sxx, sxy, rest float64
	for i, m := range means {
		x := float64(i) - (blocks-1)/2.0
		sxx += x * x
		sxy += x * (m - tr.mean)
	}
	slope := sxy / sxx
	for i, m := range means {
		r := m - tr.mean - slope*(float64(i)-(blocks-1)/2.0)
		rest += r * r
	}
	tr.growth = slope * blocks
	tr.t = slope / math.Sqrt(rest/(blocks-2)/sxx)
	return tr
}

// grows tells whether a series grows, by more than by chance and by more than can
// be let pass.
func (s *series) grows() (trend, bool) {
	tr := trendOf(s.values)
	return tr, tr.t > surely && tr.growth > max(s.atLeast, s.slack*tr.mean)
}

// judge prints each series and returns an error for those that grow.
func judge(w io.Writer, all []*series) error {
	var errs []error
	for _, s := range all {
		switch {
		case len(s.values) == 0:
			fmt.Fprintf(w, "%-12s not to be had on this system\n", s.name)
			continue
		case len(s.values) < 2*blocks:
			errs = append(errs, fmt.Errorf("%s: %d samples are too few to judge", s.name, len(s.values)))
			continue
		}
		tr, grows := s.grows()
		fmt.Fprintf(w, "%v, mean %10.0f, growth %+8.1f, t %+5.1f\n", s, tr.mean, tr.growth, tr.t)
		if grows {
			errs = append(errs, fmt.Errorf("%s grow: %+.1f in the time, mean %.0f, t %.1f", s.name, tr.growth, tr.mean, tr.t))
		}
	}
	return errors.Join(errs...)
}
