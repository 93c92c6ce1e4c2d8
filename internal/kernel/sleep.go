package kernel

import (
	"context"
	"math"
	"time"

	"github.com/anyio-go/anyio/internal/quiet"
)

var (
	opSleep        = RegisterPassiveOp("Sleep")
	opSleepForever = RegisterPassiveOp("SleepForever")
)

type sleeper struct {
	Waiter
	timer Timer
}

//go:norace
func (s *sleeper) Fire() {
	if s.Wake() {
		s.unpark()
	}
}

var sleepers = quiet.NewPool(func() *sleeper {
	s := &sleeper{}
	s.timer.Value = s
	return s
})

// Sleep waits for a duration of the run's clock. Zero or less is a checkpoint.
//
//go:norace
func Sleep(ctx context.Context, d time.Duration) error {
	p, err := enterSleep(ctx)
	if err != nil {
		return err
	}
	return p.sleepUntil(p.Run().After(d))
}

// Pause is Sleep at a place.
//
//go:norace
func (p Place) Pause(d time.Duration) error { return p.sleepUntil(p.Run().After(d)) }

// PauseUntil is Pause up to an instant of the run's clock, told as op.
//
//go:norace
func (p Place) PauseUntil(due int64, op Op) error { return p.sleepFor(op, due) }

// SleepUntil waits for an instant of the run's clock; NoDeadline is forever. An
// instant that has passed is a checkpoint.
//
//go:norace
func SleepUntil(ctx context.Context, due time.Time) error {
	p, err := enterSleep(ctx)
	if err != nil {
		return err
	}
	if due.IsZero() {
		return p.sleepUntil(math.MinInt64)
	}
	return p.sleepUntil(p.Run().Instant(due))
}

// SleepForever waits until it is canceled.
//
//go:norace
func SleepForever(ctx context.Context) error {
	p, err := enterSleep(ctx)
	if err != nil {
		return err
	}
	return p.sleepUntil(noDeadline)
}

// enterSleep is Enter without its schedule point: the sleep itself is one, as it
// always gives way. Only a canceled sleep, which does not, is told apart.
//
//go:norace
func enterSleep(ctx context.Context) (Place, error) {
	p := Locate(ctx)
	err := p.Check()
	if err != nil {
		p.Run().Yield(false)
	}
	return p, err
}

//go:norace
func (p Place) sleepUntil(due int64) error {
	if due == noDeadline {
		return p.sleepFor(opSleepForever, due)
	}
	return p.sleepFor(opSleep, due)
}

//go:norace
func (p Place) sleepFor(op Op, due int64) error {
	r := p.Run()
	if r.Now() >= due {
		return p.giveWay()
	}
	s := sleepers.Get()
	s.Prepare(p, op)
	if due != noDeadline {
		s.timer.When = due
		r.Arm(&s.timer)
	}
	err := s.Wait(p)
	Touch(Nothing, Looks)
	// A timer that fires while we are canceled may still hold the sleeper.
	if err == nil || due == noDeadline || r.Disarm(&s.timer) {
		s.Forget()
		sleepers.Put(s)
	}
	return err
}

// Checkpoint gives way to other tasks and reports cancellation.
//
//go:norace
func Checkpoint(ctx context.Context) error {
	return Locate(ctx).giveWay()
}

//go:norace
func (p Place) giveWay() error {
	p.Run().Yield(true)
	if err := p.takeRequest(); err != nil {
		return err
	}
	return p.Check()
}

// CheckpointShielded gives way and ignores cancellation.
//
//go:norace
func CheckpointShielded(ctx context.Context) { Locate(ctx).Run().Yield(true) }
