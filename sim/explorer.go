package sim

import (
	"errors"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/schedule"
)

// An Explorer makes all schedules of a program, each by a run of its own:
//
//	var e sim.Explorer
//	for e.Next() {
//		err := anyio.Run(ctx, program, anyio.On(sim.New(sim.Config{Strategy: e.Strategy(), Model: sim.Goroutines})))
//		…
//	}
//
// Next reports false when there is nothing more to be seen. All runs need the same Config,
// and the program has to do the same whenever it is given the same choices. Explored is the
// order of tasks, and which of several cases that are ready a Select takes. What is drawn from
// the seed is not: the numbers of Rand, what the network does, when callbacks of package
// asyncio come. StepTime must be 0. The zero value is ready to use.
//
// Unless Unreduced is set it leaves out schedules which differ from another one only in the
// order of steps that touch nothing in common. What tasks share by means of this library is
// known (of sockets, files, pipes and package asyncio only that it may be anything), what else
// they share is not. Variables that are ordered by this library need not be known, so that a
// program without data races loses nothing with the model Goroutines. It does lose something
// if it relies on steps of the model EventLoop, on atomic variables or on native locks.
type Explorer struct {
	// Unreduced makes all schedules.
	Unreduced bool
	// MaxPreemptions is at most how many times in a run a task is left that could have gone
	// on. 0 is no bound, negative never. If it is set nothing else is left out. Most bugs
	// need one or two.
	MaxPreemptions int
	// MaxDelays is at most how many times in a run the task is put off that would usually run,
	// which is the one that ran last, and if it waits, the oldest. To choose the third in that
	// order costs two. 0 is no bound, negative never; nothing else is left out. What Selects
	// take costs nothing.
	MaxDelays int
	// MaxSteps is in how many steps of a run everything is tried, for programs whose schedules
	// are long or have no end, as of who polls. Runs then go on with the task that has not run
	// for longest. 0 is no bound; nothing else is left out. See Cut. A run that is still not
	// done after 100,000 steps ends with an error in any case, as of who polls while nobody
	// else has a turn: see Config.MaxSteps.
	MaxSteps int

	e     schedule.Explorer
	begun bool
	err   error
}

// Next prepares the next run, and reports whether there is one.
func (x *Explorer) Next() bool {
	if x.begun && !x.e.Begun && x.err == nil {
		x.err = errNotRun
	}
	if x.err != nil {
		return false
	}
	if x.begun {
		x.e.Made(nil)
	}
	x.begin()
	more := x.e.Next()
	if x.e.Diverged {
		x.err = errDiverged
	}
	return more
}

// begin sets the bounds.
func (x *Explorer) begin() {
	if x.begun {
		return
	}
	x.begun = true
	x.e.Preemptions, x.e.Delays, x.e.Steps = -1, -1, max(x.MaxSteps, 0)
	x.e.Reduce = !x.Unreduced && x.MaxPreemptions == 0 && x.MaxDelays == 0 && x.e.Steps == 0
	if x.MaxDelays != 0 {
		x.e.Delays = max(x.MaxDelays, 0)
	}
	if x.MaxPreemptions != 0 {
		x.e.Preemptions = max(x.MaxPreemptions, 0)
	}
}

// exploredSteps is Config.MaxSteps of a run that sets none. All of its steps are kept.
const exploredSteps = 100_000

var errNotRun = &anyio.MisuseError{Text: "sim.Explorer: no run was made with its Strategy since Next: give it to the Config of the Sim that the program runs on"}

var errDiverged = errors.New("sim.Explorer: the program does not do the same when it is given the same choices: does it look at the time, draw random numbers, range over a map, or use what an earlier run has left behind?")

// Err returns why the schedules cannot be explored, nil if they can.
func (x *Explorer) Err() error { return x.err }

// Strategy returns the strategy of the next run, for Config.Strategy.
func (x *Explorer) Strategy() Strategy { return Strategy{explorer: &x.e} }

// Redundant reports whether the last run turned out to be one of those that may be left out.
func (x *Explorer) Redundant() bool { return x.e.Redundant }

// LeftOut reports whether a bound has kept it from making all schedules so far.
func (x *Explorer) LeftOut() bool { return x.e.Left > 0 || x.e.Cut > 0 }

// Cut returns how many runs were longer than MaxSteps, with a choice that was not explored. If
// there are none, MaxSteps has left nothing out.
func (x *Explorer) Cut() int { return x.e.Cut }
