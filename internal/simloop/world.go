package simloop

import (
	"errors"
	"fmt"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// What follows is the simulator's kernel.World.

// Network is the simulated network of the run.
func (s *Sim) Network() kernel.Network { return s.network() }

// Signals are those that Raise sends.
func (s *Sim) Signals() kernel.Signals { return &s.signals }

// InPlace is true: what blocks is a part of its caller's step, and nobody can leave it.
func (s *Sim) InPlace(detach bool) bool {
	s.touchAll() // files, say
	return true
}

// Alarm is nil: virtual time passes between steps only.
func (s *Sim) Alarm(time.Duration, func()) *time.Timer { return nil }

var errProcess = fmt.Errorf("process: there are no processes in a simulation: %w", errors.ErrUnsupported)

// refusals say what may not be done, why, and what to do instead.
var refusals = [...]string{
	kernel.CallIn:      "RunIn into a simulation by a goroutine that does not run one of its tasks, whose turn the seed does not decide: call it in a task or in the function of RunBlocking without osthread.On",
	kernel.PortalIn:    "portal of a simulation used by a goroutine that does not run one of its tasks, whose turn the seed does not decide: use it in a task",
	kernel.PortalOut:   "portal of another run used by a task of a simulation, whose clock does not wait for that run: open a portal with portal.With in the simulation",
	kernel.ChannelWait: "wait of a task of a simulation for a native channel, when the seed does not decide when the task goes on: use stream.Memory there",
	kernel.HandOver:    "package net/http serves by goroutines whose turns the seed of a simulation does not decide: call the handlers in tasks there, or use another backend",
	kernel.PortalRun:   "portal.New on a simulated run, or in one: use portal.With there, or another backend",
}

// Admit refuses all: the seed does not decide what is done outside, nor when.
func (s *Sim) Admit(c kernel.Crossing) error {
	if c == kernel.StartProcess {
		return errProcess
	}
	return kernel.Misuse(refusals[c])
}

// Outside counts the tasks that wait for something outside. It is called by tasks only.
//
//go:norace
func (s *Sim) Outside(n int) { s.outside += n }

// outsidePause is how much of the world's time passes between two looks whether
// something outside has come to its end.
const outsidePause = 20 * time.Microsecond

// awaitOutside lets some of the world's time pass.
//
//go:norace
func (s *Sim) awaitOutside() {
	s.away.Store(true)
	time.Sleep(outsidePause)
}
