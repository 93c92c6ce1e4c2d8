// Package sim is the simulator: a backend on which a program runs with virtual
// time, in an order that a seed decides at every schedule point, and over a
// simulated network.
//
// # The network
//
// Package socket works in a simulated run as it does elsewhere, but its sockets belong to
// hosts of a network that exists only in that run. RunOnHost runs a function as a program
// of a host; everything else runs on the host "localhost". Links between hosts have
// latency, jitter and bandwidth, and lose, double and reorder packets, all from the seed.
// NetworkOf gives the run's Network, by which faults are made while the program runs:
// partitions, packets held and dropped, connections reset, hosts killed and restarted.
// With Config.Faults the seed makes them.
//
// TCP is made of packets: handshake, windows, retransmission with the times of
// Linux, half-close, FIN and RST, a backlog. So a connection survives what TCP
// survives, and what it does not survive has the error of a real socket
// (ECONNREFUSED, ECONNRESET, EPIPE, ETIMEDOUT, EHOSTUNREACH, …). A wait that only a
// lost packet would end is a deadlock, and is reported as such when no timer is
// pending.
//
// # Limitations
//
// Only what goes through this module is simulated. Time and random numbers come from
// anyio.Now and anyio.Rand, not from packages time and math/rand; goroutines that a
// program starts by itself, and native channels, are not in the order that the seed
// decides; files are those of the system; there are no processes.
//
// An Explorer explores the order of tasks and what Selects take, and nothing else that is
// drawn from the seed: neither the numbers of anyio.Rand, nor latency and loss in the network,
// nor whether a callback of package asyncio comes before a task that is ready. Timers that are
// due fire before any task goes on, so that a Select takes a time before what others do then.
//
// In the network there is no congestion control, no TIME_WAIT and no multicast, and
// descriptors can neither be passed nor waited for.
package sim

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/simloop"
)

// DefaultMaxSteps is the step limit of a Config that sets none.
const DefaultMaxSteps = 50_000_000

// DefaultStepTimeout is the StepTimeout of a Config that sets none.
const DefaultStepTimeout = time.Second

// Config describes a simulated run. The zero value is ready to use.
type Config struct {
	// Seed decides the order of tasks and everything random.
	Seed uint64
	// Strategy is how the next task is chosen. The zero value is a random walk.
	Strategy Strategy
	// Profile is what runs of the program are like, which some strategies make use of.
	Profile *Profile
	// Guide, if set, may have the run begin as one that has reached something new did, with
	// its Seed, Model and StepTime, before it goes on by the Strategy, which must be set.
	Guide *Guide
	// Replay, if set, is what Sim.Schedule has returned: the run is made again. Seed, Model,
	// StepTime, Strategy and Faults then come from there. On a program that has changed since,
	// the run may be another one, with another Schedule.
	Replay string
	// Model is what is simulated: an event loop, the default, or goroutines.
	Model Model
	// MaxSteps ends a run that makes more steps with a *DeadlockError whose Livelock is set. 0
	// means DefaultMaxSteps, or 100,000 if an Explorer makes the run, negative no limit.
	MaxSteps int64
	// OnStep, if set, is called before each step. It must not call into the run.
	OnStep func(Step)
	// Trace, if set, records what happens in the run.
	Trace *Trace
	// Network is what the simulated network is like.
	Network NetworkConfig
	// Faults are what may go wrong in it.
	Faults Faults
	// StepTime is how much virtual time each step takes, a random duration of this
	// range. By default it is none: time stands still while a task is ready, so that
	// timers are never late, and a task that polls without sleeping waits forever.
	StepTime Range
	// MaxWait is how long a task may wait, in virtual time, for something other than
	// time, a cancellation, or the end of tasks, if it has no deadline. The run then
	// ends with a *DeadlockError that has Forgotten set. With 0 such a run ends
	// only when nothing but timers has happened for an hour of virtual time and a
	// million steps, and no timer from before is pending: a deadlock of some tasks
	// beside a ticker. Negative means that tasks may wait forever.
	MaxWait time.Duration
	// StepTimeout is how long, in real time, a step may be blocked by other means
	// than this library's: a sync.Mutex, a channel, time.Sleep. The run then ends with
	// a *DeadlockError that has Stuck set. A system call may take 10 times as
	// long, and what only computes 60 times. 0 means DefaultStepTimeout, negative no
	// limit: then such a run hangs.
	StepTimeout time.Duration
}

// A Model says where tasks give way to others.
type Model uint8

const (
	// EventLoop has tasks give way where they do on an event loop: in calls that may
	// wait, and nowhere else. What a task does between two of them is one step.
	EventLoop Model = iota
	// Goroutines has them give way, too, before and after each call of this library
	// that does not wait but that others can notice: Go, Set, Release, Cancel, Notify,
	// Close, Clone, the Try functions and such. So it finds what goes wrong only where
	// tasks run in parallel. A sync.Mutex held across such a call, which is right on
	// goroutines, blocks the simulation (see StepTimeout): use Lock.
	Goroutines
)

// String returns the name of the model.
func (m Model) String() string {
	switch m {
	case EventLoop:
		return "eventloop"
	case Goroutines:
		return "goroutines"
	}
	return fmt.Sprintf("Model(%d)", uint8(m))
}

// A Range is a range of durations; its zero value is just 0.
type Range struct{ Min, Max time.Duration }

// A Step is one entry of a run's trace: a task was chosen to run.
type Step struct {
	N    uint64    // counts from 1
	Now  time.Time // virtual
	Task string    // name
	ID   uint64
}

// A Sim is a backend that simulates. Each run on it begins anew from the seed.
type Sim struct {
	cfg     Config
	last    *simloop.Sim
	room    *room              // of the last run, or free for the next one; nil: none
	record  *schedule.Recorder // of the last run, in its room; nil if none was made
	script  *schedule.Script   // that the last run follows; nil if there is none
	actor   *schedule.Actor    // who follows it
	wanted  uint64             // hash of the run that it was made of
	watched bool               // the last run was to be, for the guide
	watcher *schedule.Scout    // of the last run; nil if it was not watched
	base    *schedule.Plan     // that the last run begins with; nil if it begins by itself
	choices int                // of base
	plan    schedule.Plan      // of the last run, without what is known at its end
}

// New makes a simulator.
func New(cfg Config) *Sim { return &Sim{cfg: cfg} }

// Reset makes s what New returns with that Config, so that its last run is forgotten. It must
// have ended. What is noted of runs is kept where those before were: a program that makes many
// saves a third of the memory.
func (s *Sim) Reset(cfg Config) {
	room := s.room
	if s.last != nil && !s.last.Vacate() {
		room = nil
	}
	*s = Sim{cfg: cfg, room: room}
}

// Name returns "sim".
func (s *Sim) Name() string { return "sim" }

// A maker makes the runs of a Sim for anyio.Run.
type maker struct{ *Sim }

// NewRun implements kernel.Maker.
func (s maker) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	c := simloop.Config{Seed: s.cfg.Seed, Stalled: func(st *kernel.Stall) error { return newDeadlockError(st) }, Network: s.cfg.Network.internal(), StepTimeout: s.cfg.StepTimeout,
		MaxWait: s.cfg.MaxWait, StepMin: s.cfg.StepTime.Min, StepMax: s.cfg.StepTime.Max}
	model := s.cfg.Model
	if err := s.guided(&c, &model); err != nil {
		return nil, err
	}
	if s.script != nil {
		c.Stalled = s.stalled
	}
	if c.StepMin < 0 || c.StepMax < c.StepMin {
		return nil, &anyio.MisuseError{Text: fmt.Sprintf("sim.Config: StepTime from %v to %v is not a range: it must be 0 <= Min <= Max", c.StepMin, c.StepMax)}
	}
	if model > Goroutines {
		return nil, &anyio.MisuseError{Text: fmt.Sprintf("sim.Config: there is no %v: use sim.EventLoop or sim.Goroutines", model)}
	}
	if c.StepTimeout == 0 {
		c.StepTimeout = DefaultStepTimeout
	}
	switch {
	case s.cfg.MaxSteps == 0 && s.cfg.Strategy.explorer != nil:
		c.MaxSteps = exploredSteps
	case s.cfg.MaxSteps == 0:
		c.MaxSteps = DefaultMaxSteps
	case s.cfg.MaxSteps > 0:
		c.MaxSteps = uint64(s.cfg.MaxSteps)
	}
	if f := s.cfg.OnStep; f != nil {
		c.OnStep = func(n uint64, now time.Time, t *kernel.Task) {
			f(Step{N: n, Now: now, Task: t.Name(), ID: t.ID()})
		}
	}
	if s.cfg.Trace != nil {
		c.Trace = &s.cfg.Trace.r
	}
	cfg.Debug = true  // the clock costs nothing here
	cfg.HoldLimit = 0 // StepTimeout is the limit, and a slow step holds up nobody
	var r *kernel.Run
	s.last, r = simloop.NewRun(c, model == Goroutines, ctx, cfg)
	return r, nil
}

// Hash sums up the schedule of the last run: which task ran when. The same
// program with the same seed has the same hash.
func (s *Sim) Hash() uint64 {
	if s.last == nil {
		return 0
	}
	return s.last.Hash()
}

// Steps returns the number of steps of the last run.
func (s *Sim) Steps() uint64 {
	if s.last == nil {
		return 0
	}
	return s.last.Steps()
}

func init() {
	kernel.RegisterOffer(kernel.Offer{
		Name: "sim",
		Make: func() any { return New(Config{}) },
		Of: func(backend any) kernel.Maker {
			if s, ok := backend.(*Sim); ok {
				return maker{s}
			}
			return nil
		},
	})
}
