package kernels

import (
	"context"
	"fmt"
	"slices"

	"github.com/anyio-go/anyio/internal/schedule"
)

// A chain is a bug that needs one right choice after the other: tasks take turns in an order
// that is given, and after a wrong one it is out of reach.
type chain struct {
	name    string
	turns   []int // whose turn it is
	tells   tells
	regular bool // the turns have a pattern
}

// tells is what a right choice changes, other than what is not seen until the end.
type tells int

const (
	blind tells = iota // nothing
	ends               // a wrong one ends the run
	lines              // it reaches the next line of the program
)

func (t tells) String() string { return [...]string{"blind", "a wrong one ends it", "a line each"}[t] }

// run is the chain as a program.
func (c chain) run(ctx context.Context) error {
	var step, wrong cell
	acts := make([]act, slices.Max(c.turns)+1)
	for i := range acts {
		acts[i] = func(ctx context.Context) error {
			for range c.turns {
				stop := give
				if c.tells == lines && wrong.Load() == 0 {
					stop = line[step.Load()]
				}
				if err := stop(ctx); err != nil {
					return err
				}
				at := int(step.Load())
				if at < len(c.turns) && c.turns[at] != i {
					wrong.Store(1)
				}
				if at == len(c.turns) || wrong.Load() == 1 && c.tells == ends {
					return nil
				}
				step.Add(1)
			}
			return nil
		}
	}
	if err := together(ctx, acts...); err != nil {
		return err
	}
	return bug(int(step.Load()) == len(c.turns) && wrong.Load() == 0, "all %d choices were right", step.Load())
}

// line are lines of a program that others run at.
var line = [...]act{
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
	func(ctx context.Context) error { return give(ctx) },
}

// The ways in which a chain's turns follow each other.
var turns = []struct {
	name    string
	of      func(n int) []int
	regular bool
}{
	{"one task", func(n int) []int { return slices.Repeat([]int{1}, n) }, true},
	{"two in turns", func(n int) []int { return repeated(n, 0, 1) }, true},
	{"two and one in turns", func(n int) []int { return repeated(n, 0, 0, 1) }, true},
	{"three in turns", func(n int) []int { return repeated(n, 0, 1, 2) }, true},
	{"first half one, then the other", func(n int) []int {
		return append(slices.Repeat([]int{1}, n/2), slices.Repeat([]int{0}, n-n/2)...)
	}, true},
	{"any of two", func(n int) []int { return drawn(n, 2) }, false},
	{"any of three", func(n int) []int { return drawn(n, 3) }, false},
}

// repeated is a pattern again and again, up to a length.
func repeated(n int, pattern ...int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = pattern[i%len(pattern)]
	}
	return all
}

// drawn are turns without a pattern, the same ones each time.
func drawn(n, tasks int) []int {
	r := schedule.NewRand(7)
	all := make([]int, n)
	for i := range all {
		all[i] = int(r.Below(uint64(tasks)))
	}
	all[0] = tasks - 1 // there are so many
	return all
}

// chains are those with so many choices.
func chains(n int) []chain {
	var all []chain
	for _, t := range turns {
		for _, tells := range []tells{blind, ends, lines} {
			all = append(all, chain{fmt.Sprintf("%d choices: %s; %v", n, t.name, tells), t.of(n), tells, t.regular})
		}
	}
	return all
}

// asKernels are chains as kernels.
func asKernels(cs []chain) []kernel {
	var ks []kernel
	for _, c := range cs {
		ks = append(ks, kernel{c.name, "", c.run})
	}
	return ks
}
