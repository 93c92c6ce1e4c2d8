package anyio

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Stop asks what runs in the scope to end by itself, and gives it that time. Stopping
// reports true in the scope from then on, and bodies of MoveOnStop in it are canceled:
// loops that take new work end so, and what is under way goes on. What has not ended after
// grace is canceled as by a deadline, whose error has the reason. Forever is no limit; zero
// or less cancels at once.
//
// Called again, it can shorten the grace; the first reason counts. SetDeadline moves the end
// of the grace as well. Shields hold: what is shielded is not asked, and nor is what runs in
// a context of context.WithoutCancel.
func (c *CancelScope) Stop(reason string, grace time.Duration) {
	kernel.Preempt()
	stop(&c.s, reason, grace, kernel.CallerPC(1))
	kernel.PreemptEnd()
}

// Stop asks the body and all tasks of the group to end by themselves, as CancelScope.Stop
// does. Service tasks are not asked: they go on until the others have ended.
func (tg *TaskGroup) Stop(reason string, grace time.Duration) {
	kernel.Preempt()
	stop(&tg.g.Scope, reason, grace, kernel.CallerPC(1))
	kernel.PreemptEnd()
}

func stop(s *kernel.Scope, reason string, grace time.Duration, pc uintptr) {
	s.Stop(&kernel.Cause{Reason: reason, PC: pc}, s.Run().After(grace))
}

// Stopping reports whether the code that has ctx was asked to end by itself, by Stop of a
// scope or group around it. It does not report cancellations.
func Stopping(ctx context.Context) bool {
	kernel.Preempt()
	defer kernel.PreemptEnd()
	return kernel.Locate(ctx).Stopping() != nil
}

// MoveOnStop runs body and cancels it when a scope or group around it is asked to end by
// itself, by Stop, or has been before. It is for what only waits for new work: accepting a
// connection, receiving the next job. It reports whether that cut the body short; err is
// what remains of the body's error without the cancellation. Cancellation: when it comes
// from outside, err is the error of body, and stopped is false.
func MoveOnStop(ctx context.Context, body func(ctx context.Context) error) (stopped bool, err error) {
	c := &CancelScope{}
	c.init(ctx, nil)
	c.s.Soften()
	_, err = c.runTimed(body)
	return c.s.Caught(), err
}
