package eventloop

import (
	"time"
)

// base is the zero of the clock. It carries a monotonic reading.
var base = time.Now()

// clock is real time; it waits for timers, other goroutines and descriptors.
type clock struct {
	wake  chan struct{} // capacity 1
	alarm *time.Timer
}

func newClock() (*clock, error) {
	return &clock{wake: make(chan struct{}, 1)}, nil
}

func (c *clock) Now() int64       { return int64(time.Since(base)) }
func (c *clock) Epoch() time.Time { return base }
func (c *clock) Poll()            {}
func (c *clock) Close() error     { return nil }

func (c *clock) Wake() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Idle parks the loop's goroutine; no thread sleeps in the kernel.
func (c *clock) Idle(next int64, hasTimer bool) error {
	if !hasTimer {
		<-c.wake
		return nil
	}
	d := time.Duration(next) - time.Since(base)
	if d <= 0 {
		return nil
	}
	if c.alarm == nil {
		c.alarm = time.NewTimer(d)
	} else {
		c.alarm.Reset(d)
	}
	select {
	case <-c.wake:
		c.alarm.Stop()
	case <-c.alarm.C:
	}
	return nil
}
