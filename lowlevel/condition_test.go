package lowlevel_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

// A cond is anyio.Condition made of a lot: the example of the guide. The lock of the lot
// is the one that its users hold.
type cond struct {
	anyio.Lock
	lot *lowlevel.ParkingLot
}

// releasing is the lock as Park wants it, which only gives it up.
type releasing struct{ l *anyio.Lock }

func (releasing) Lock()     {}
func (r releasing) Unlock() { r.l.Release() }

func newCond() *cond {
	c := &cond{}
	c.lot = lowlevel.NewParkingLot("cond.wait", releasing{&c.Lock})
	return c
}

func (c *cond) wait(ctx context.Context) error {
	if err := lowlevel.Enter(ctx); err != nil {
		return err
	}
	err := c.lot.Park(ctx) // releases the lock
	return errors.Join(err, anyio.Shielded(ctx, anyio.Forever, c.Acquire))
}

func TestConditionMadeOfALotMissesNoNotification(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		const each = 50
		c, items := newCond(), 0
		change := func(ctx context.Context, by int) error {
			return c.Do(ctx, func(ctx context.Context) error {
				for items+by < 0 || items+by > 1 {
					if err := c.wait(ctx); err != nil {
						return err
					}
				}
				items += by
				c.lot.UnparkAll()
				return nil
			})
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, by := range []int{1, -1, 1, -1} {
				tg.Go(func(ctx context.Context) error {
					for range each {
						if err := change(ctx, by); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return nil
		})
		if err != nil || items != 0 || c.Locked() {
			t.Errorf("%v, %d items, locked %v", err, items, c.Locked())
		}
	}, anyiotest.Seeds(1, 2, 3, 4, 5, 6, 7, 8), anyiotest.SimConfig(func(c *sim.Config) { c.Model = sim.Goroutines }))
}

// watching tells whether others run while Park gives up the lock.
type watching struct {
	releasing
	others *atomic.Int32
	ran    *bool
}

func (w watching) Unlock() {
	before := w.others.Load()
	w.releasing.Unlock()
	*w.ran = *w.ran || w.others.Load() != before
}

func TestGivingUpTheLockAndWaitingIsOneStep(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var lock anyio.Lock
		var others atomic.Int32
		ran := false
		lot := lowlevel.ParkingLot{L: watching{releasing{&lock}, &others, &ran}}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				for {
					others.Add(1)
					if err := lowlevel.Checkpoint(ctx); err != nil {
						return err
					}
				}
			})
			for range 10 {
				testkit.WantNil(t, "Acquire", lock.Acquire(ctx))
				_, err := anyio.MoveOnAfter(ctx, 1, lot.Park)
				testkit.WantNil(t, "Park", err)
			}
			h.Cancel("done")
			return nil
		})
		if err != nil || ran || others.Load() == 0 {
			t.Errorf("%v; somebody ran: %v; %d steps", err, ran, others.Load())
		}
	}, anyiotest.Only("sim"), anyiotest.SimConfig(func(c *sim.Config) {
		c.Model, c.StepTime = sim.Goroutines, sim.Range{Max: 2}
	}))
}

// Who waits owns the lock afterwards, however the wait ends.
func TestLockIsBackAfterACanceledWait(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		c, inside := newCond(), 0
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for range 2 {
						tg.Go(func(ctx context.Context) error {
							return c.Do(ctx, func(ctx context.Context) error {
								err := c.wait(ctx)
								inside++
								defer func() { inside-- }()
								if inside != 1 {
									err = errors.Join(err, testkit.ErrBoom)
								}
								return errors.Join(err, lowlevel.Checkpoint(ctx))
							})
						})
					}
					if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
						return err
					}
					return c.Do(ctx, func(context.Context) error { c.lot.UnparkAll(); return nil })
				})
			},
			Check: func(_ context.Context, err error) error {
				if c.Locked() || c.lot.Len() != 0 {
					err = errors.Join(err, errors.New("it is locked, or somebody waits"))
				}
				return err
			},
		}
	}, anyiotest.SimConfig(func(c *sim.Config) { c.Model = sim.Goroutines }))
}
