package linear_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/anishathalye/porcupine"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
)

// Outcomes that all operations may have.
const (
	canceled = "canceled" // nothing was done
	never    = "never"    // it has not returned
)

// A call is the input of an operation of a client, which tells its owner.
type call struct {
	client int
	name   string
}

// A history is what the clients of a program have seen.
type history struct {
	clock int64
	ops   []porcupine.Operation
	over  bool // nobody can go on: what is called since tears down
}

// do calls an operation and notes when. The order of calls and returns is something that
// tasks share: no schedule with another one may be left out.
func (h *history) do(client int, name string, f func() any) {
	if h.over {
		return
	}
	kernel.Touch(h, kernel.Changes)
	i := len(h.ops)
	h.clock++
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: call{client, name}, Call: h.clock, Output: never})
	out := f()
	if h.over = h.over || out == never; h.over {
		return
	}
	kernel.Touch(h, kernel.Changes)
	h.clock++
	h.ops[i].Output, h.ops[i].Return = out, h.clock
}

// end has those that have not returned be called after all others, and before them an
// operation that nobody calls, if it has a name.
func (h *history) end(over string) []porcupine.Operation {
	for i := range h.ops {
		if op := &h.ops[i]; op.Output == never {
			op.Call, op.Return = math.MaxInt64-1, math.MaxInt64
		}
	}
	if over != "" {
		h.ops = append(h.ops, porcupine.Operation{ClientId: nobody, Input: call{nobody, over}, Call: h.clock + 1, Return: h.clock + 2})
	}
	return h.ops
}

// text is an outcome that can be compared.
func text(err error) any {
	switch {
	case err == nil:
		return "ok"
	case errors.Is(err, anyio.ErrWouldBlock):
		return "would block"
	case errors.As(err, new(*sim.DeadlockError)):
		return never
	case errors.Is(err, context.Canceled):
		return canceled
	case errors.As(err, new(*anyio.MisuseError)):
		return "misuse"
	}
	return err.Error()
}

// caught is the outcome of what panics if it is not allowed.
func caught(f func()) (out any) {
	defer func() {
		if recover() != nil {
			out = "panic"
		}
	}()
	f()
	return "ok"
}

// An operation is one call on an object, for a client.
type operation[T any] struct {
	name string
	f    func(ctx context.Context, object T, client int) any
}

// A spec is a primitive, its operations, and what these mean.
type spec[T any] struct {
	make       func() T
	close      func(T)                                                                         // may be nil
	within     func(ctx context.Context, body func(ctx context.Context, object T) error) error // in place of make
	operations []operation[T]
	last       operation[T] // that each client ends with; its f may be nil
	init       any
	over       string // an operation after those that have returned, which nobody calls; may be ""
	// step says whether an operation may have that outcome in a state, and the state that it
	// leaves. never is asked for where all else is over.
	step func(state any, by call, out any) (ok bool, next any)
}

func (s *spec[T]) model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return s.init },
		Step: func(state, in, out any) (bool, any) {
			if out == canceled {
				return true, state
			}
			return s.step(state, in.(call), out)
		},
	}
}

// run runs a program once, with a task that cancels the first client, if it is to.
func (s *spec[T]) run(ctx context.Context, clients [][]operation[T], cancel bool, cfg sim.Config) (*history, error) {
	h := &history{}
	within := s.within
	if within == nil {
		within = func(ctx context.Context, body func(ctx context.Context, object T) error) error {
			object := s.make()
			if s.close != nil {
				defer s.close(object)
			}
			return body(ctx, object)
		}
	}
	body := func(ctx context.Context, object T) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i, ops := range clients {
				task := tg.Go(func(ctx context.Context) error {
					for _, op := range ops {
						h.do(i, op.name, func() any { return op.f(ctx, object, i) })
					}
					if s.last.f != nil {
						h.do(i, s.last.name, func() any { return s.last.f(ctx, object, i) })
					}
					return nil
				})
				if i == 0 && cancel {
					tg.Go(func(context.Context) error { task.Cancel("enough"); return nil })
				}
			}
			return nil
		})
	}
	err := anyio.Run(ctx, func(ctx context.Context) error { return within(ctx, body) }, anyio.On(sim.New(cfg)))
	return h, err
}

var all = flag.Bool("linear.all", false, "explore all programs, in place of every fourth, or twentieth with -short")

// maxRuns is how many schedules of a program are made at most; what has more is explored up
// to two preemptions.
const maxRuns = 2_000

// explore makes all schedules of a program.
func (s *spec[T]) explore(t *testing.T, clients [][]operation[T], cancel bool) (runs int, all bool) {
	t.Helper()
	for _, x := range []*sim.Explorer{{}, {MaxPreemptions: 2}} {
		made := 0
		for x.Next() {
			if made++; made > maxRuns {
				break
			}
			h, err := s.run(t.Context(), clients, cancel, sim.Config{Strategy: x.Strategy(), Model: sim.Goroutines})
			var stuck *sim.DeadlockError
			if err != nil && !errors.As(err, &stuck) {
				t.Fatalf("%s: %v", names(clients), err)
			}
			if ops := h.end(s.over); !porcupine.CheckOperations(s.model(), ops) {
				var seen strings.Builder
				for _, op := range ops {
					fmt.Fprintf(&seen, "\n  %d to %d: client %d: %s: %v", op.Call, op.Return, op.ClientId, op.Input.(call).name, op.Output)
				}
				t.Fatalf("%s: no order of the operations explains what was seen:%s", names(clients), &seen)
			}
		}
		runs += made
		if err := x.Err(); err != nil {
			t.Fatal(err)
		}
		if made <= maxRuns {
			return runs, x.MaxPreemptions == 0
		}
	}
	return runs, false
}

func names[T any](clients [][]operation[T]) string {
	var all []string
	for _, ops := range clients {
		var of []string
		for _, op := range ops {
			of = append(of, op.name)
		}
		all = append(all, strings.Join(of, ", "))
	}
	return strings.Join(all, " | ")
}

// test explores each pair of operations, with a cancellation of the first one, each triple,
// and each pair of which one client goes on with a third.
func (s *spec[T]) test(t *testing.T) {
	if race.Enabled {
		t.Skip("what clients note is in no order that the primitives give")
	}
	n, runs, programs, bounded := 0, 0, 0, 0
	every := 4
	switch {
	case *all:
		every = 1
	case testing.Short():
		every = 20
	}
	check := func(cancel bool, clients ...[]operation[T]) {
		if n++; n%every > 0 {
			return
		}
		r, all := s.explore(t, clients, cancel)
		runs += r
		programs++
		if !all {
			bounded++
		}
	}
	one := func(op operation[T]) []operation[T] { return []operation[T]{op} }
	for i, a := range s.operations {
		for j, b := range s.operations {
			check(true, one(a), one(b))
			for k, c := range s.operations {
				if i <= j && j <= k {
					check(false, one(a), one(b), one(c))
				}
				check(false, one(a), []operation[T]{b, c})
			}
		}
	}
	t.Logf("%d programs, %d of them up to two preemptions, %d schedules", programs, bounded, runs)
}
