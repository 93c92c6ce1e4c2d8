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
	name  string
	turns []int // whose turn it is
	tells tells
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
	at, wrong := 0, false
	acts := make([]act, slices.Max(c.turns)+1)
	for i := range acts {
		acts[i] = func(ctx context.Context) error {
			for range c.turns {
				stop := give
				if c.tells == lines && !wrong {
					stop = line[at]
				}
				if err := stop(ctx); err != nil {
					return err
				}
				wrong = wrong || at < len(c.turns) && c.turns[at] != i
				if at == len(c.turns) || wrong && c.tells == ends {
					return nil
				}
				at++
			}
			return nil
		}
	}
	if err := together(ctx, acts...); err != nil {
		return err
	}
	return bug(at == len(c.turns) && !wrong, "all %d choices were right", at)
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
	name string
	of   func(n int) []int
}{
	{"one task", func(n int) []int { return slices.Repeat([]int{1}, n) }},
	{"two in turns", func(n int) []int { return repeated(n, 0, 1) }},
	{"two and one in turns", func(n int) []int { return repeated(n, 0, 0, 1) }},
	{"three in turns", func(n int) []int { return repeated(n, 0, 1, 2) }},
	{"first half one, then the other", func(n int) []int {
		return append(slices.Repeat([]int{1}, n/2), slices.Repeat([]int{0}, n-n/2)...)
	}},
	{"any of two", func(n int) []int { return drawn(n, 2) }},
	{"any of three", func(n int) []int { return drawn(n, 3) }},
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
			all = append(all, chain{fmt.Sprintf("%d choices: %s; %v", n, t.name, tells), t.of(n), tells})
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
