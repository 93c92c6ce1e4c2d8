package anyioutils

import (
	"context"
	"math"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
)

// A Monitor measures how saturated the run is: how much longer than asked for a task
// sleeps, as it has to wait for its turn. The zero value is ready. It must not be copied.
type Monitor struct {
	// Period is how long it sleeps at a time; 10 ms if it is zero or less.
	Period time.Duration

	result atomic.Uint64 // bits of a float64
}

// defaultPeriod is that of Python's anyioutils.
const defaultPeriod = 10 * time.Millisecond

// Run measures until it is canceled, and begins anew if it is called again. It is for one
// task at a time. Cancellation: Result stays.
func (m *Monitor) Run(ctx context.Context) error {
	period := m.Period
	if period <= 0 {
		period = defaultPeriod
	}
	mean := 0.0
	for n := 1.0; ; n++ {
		begin := anyio.Now(ctx)
		if err := anyio.Sleep(ctx, period); err != nil {
			return err
		}
		mean += (float64(anyio.Now(ctx).Sub(begin))/float64(period) - mean) / n
		m.result.Store(math.Float64bits(mean))
	}
}

// Do runs body, in the scope of ctx, while the monitor measures in a task beside it, and
// returns the error of body. Cancellation: up to body; the monitor is canceled.
func (m *Monitor) Do(ctx context.Context, body func(ctx context.Context) error) error {
	var err error
	groupErr := anyio.WithTaskGroup(ctx, func(groupCtx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(m.Run, anyio.Name("anyioutils.Monitor"))
		err = body(ctx)
		tg.Cancel("the body of Monitor.Do has ended")
		return nil
	})
	if err == nil {
		err = groupErr
	}
	return err
}

// Result returns the mean of the time slept over the time asked for, since Run was called:
// the closer to 1, the less saturated is the run. It is 0 before the first measurement.
// Any goroutine may ask.
func (m *Monitor) Result() float64 { return math.Float64frombits(m.result.Load()) }
