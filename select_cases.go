package anyio

import (
	"math"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A SelectReceiver is what OnReceive receives from, such as a
// *stream.MemoryReceiveStream.
type SelectReceiver[T any] interface {
	// SelectReceive makes the case of OnReceive.
	SelectReceive(v *T) Case
}

// A SelectSender is what OnSend sends to, such as a *stream.MemorySendStream.
type SelectSender[T any] interface {
	// SelectSend makes the case of OnSend.
	SelectSend(item T) Case
}

// OnReceive returns the case of receiving an item, which is stored in v. It is ready
// when an item is there, and when the stream is at its end or closed; then v keeps its
// value.
func OnReceive[T any](r SelectReceiver[T], v *T) Case { return r.SelectReceive(v) }

// OnSend returns the case of sending an item. It is ready when a receiver waits or the
// buffer has room, and when the stream is broken or closed.
func OnSend[T any](s SelectSender[T], item T) Case { return s.SelectSend(item) }

// OnEvent returns the case of an event that is or gets set.
func OnEvent(e *Event) Case { return newCase(&latchCase{l: &e.latch}) }

// OnFuture returns the case of a future that has an outcome, which is then asked of the
// future.
func OnFuture[T any](f *Future[T]) Case { return newCase(&latchCase{l: &f.done}) }

// OnTask returns the case of a task that is over. How it ended is then asked of the handle.
func OnTask(h Handle) Case { return newCase(&latchCase{l: h.handle().t.DoneLatch()}) }

type latchCase struct {
	l    *kernel.Latch
	node waitq.Node[kernel.Slot] // guarded by the latch
}

func (c *latchCase) Begin(kernel.Place)        {}
func (c *latchCase) Try() (done bool, _ error) { return c.Ready(), nil }
func (c *latchCase) Ready() bool               { return c.l.IsOpen() }
func (c *latchCase) Dequeue()                  { c.l.Dequeue(&c.node) }

func (c *latchCase) Result() error {
	kernel.Touch(c.l, kernel.Looks)
	return nil
}

func (c *latchCase) Enqueue(w *kernel.Waiter, index int) bool {
	c.node.Value = kernel.Slot{W: w, Index: index}
	return c.l.Enqueue(&c.node)
}

// OnTimer returns the case that is ready d after the Select began, on the run's clock;
// zero or less at once, Forever never. If the Case is used again, it counts anew.
func OnTimer(d time.Duration) Case { return newTimerCase(d, time.Time{}, false) }

// OnDeadline returns the case that is ready at t, on the run's clock (see Now). The
// zero time is never.
func OnDeadline(t time.Time) Case { return newTimerCase(0, t, true) }

func newTimerCase(d time.Duration, at time.Time, absolute bool) Case {
	c := &timerCase{d: d, at: at, absolute: absolute}
	c.timer.Value = c
	return newCase(c)
}

type timerCase struct {
	d        time.Duration
	at       time.Time
	absolute bool
	timer    kernel.Timer

	mu    waitq.Mutex // guards what is below
	run   *kernel.Run
	due   int64
	w     *kernel.Waiter // nil unless it is to be woken
	index int
}

func (c *timerCase) Begin(p kernel.Place) {
	r := p.Run()
	due := int64(math.MinInt64)
	if c.absolute {
		due = r.Instant(c.at)
	} else if c.d > 0 {
		due = r.After(c.d)
	}
	c.mu.Lock()
	c.run, c.due = r, due
	c.mu.Unlock()
}

func (c *timerCase) Try() (done bool, _ error) { return c.Ready(), nil }
func (c *timerCase) Ready() bool               { return c.run.Now() >= c.due }
func (c *timerCase) Result() error             { return nil }

func (c *timerCase) Enqueue(w *kernel.Waiter, index int) bool {
	c.mu.Lock()
	c.w, c.index = w, index
	c.mu.Unlock()
	if c.due != kernel.NoDeadline {
		c.timer.When = c.due
		c.run.Arm(&c.timer)
	}
	return true
}

func (c *timerCase) Dequeue() {
	c.mu.Lock()
	c.w = nil
	c.mu.Unlock()
	c.run.Disarm(&c.timer)
}

// Fire wakes the Select. It may come late, after Dequeue or even when the case is
// used again; then it does nothing.
func (c *timerCase) Fire() {
	c.mu.Lock()
	w := c.w
	if w == nil || c.run.Now() < c.due || !w.Wake() {
		c.mu.Unlock()
		return
	}
	w.Index, c.w = c.index, nil
	c.mu.Unlock()
	w.Unpark()
}
