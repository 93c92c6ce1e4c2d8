// Package signals receives the signals of the operating system, and ends programs by
// them in good order.
//
// # Limitations
//
// Signals reach the whole process: every receiver of one gets it. On Windows only
// os.Interrupt and SIGTERM exist.
package signals

import (
	"context"
	"iter"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/ossignal"
	"github.com/anyio-go/anyio/internal/unclosed"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A Receiver receives operating system signals in the order in which they
// arrive. What has arrived is kept, without a limit, while nobody waits. One task may
// receive at a time, from any goroutine.
//
// Systems themselves merge signals: one that is sent again before the process has
// got the first arrives once. So of a burst of one number at least one is received,
// in the end, and there is no order between different ones sent at the same time.
// Count events by other means.
type Receiver struct {
	guard anyio.ResourceGuard
	stop  func()
	inbox *inbox
	watch *unclosed.Watch // nil outside debug runs
}

// An inbox has what has arrived. Whoever delivers signals knows it, and not the
// receiver, which may become garbage.
type inbox struct {
	mu      waitq.Mutex // guards what follows
	arrived []os.Signal
	waiter  kernel.Queue
	handed  os.Signal // to the one who waited, which it gets also if close comes first
	closed  bool
}

// Open begins to receive the given signals, which have no other effect from then on. A
// signal may be named twice. Close it: that restores what was there before (debug runs
// warn of receivers that were never closed). Receivers of the same signal all get it, and
// so do channels given to signal.Notify; they may be closed in any order. Only if the
// signal was ignored before, the end of the last receiver lets it be ignored again by
// signal.Ignore, which ends such channels, too. No signal at all, one that the system
// does not have, and one that no program can receive, such as SIGKILL, are an
// *anyio.MisuseError. In the simulator the signals come from sim.Raise. Cancellation:
// nothing was changed.
func Open(ctx context.Context, sigs ...os.Signal) (*Receiver, error) {
	if len(sigs) == 0 {
		return nil, &anyio.MisuseError{Text: "signals.Open without a signal: name those to receive, such as os.Interrupt"}
	}
	if err := check("signals.Open", sigs); err != nil {
		return nil, err
	}
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	r := &Receiver{guard: anyio.ResourceGuard{Action: "receiving signals from"}, inbox: &inbox{}}
	if kernel.DebugRuns() {
		r.watch = unclosed.New(r, "signals.Receiver", kernel.CallerPC(1))
	}
	r.stop = p.Run().Signals().Subscribe(sigs, r.inbox.push)
	return r, nil
}

// check refuses signals that can never arrive.
func check(call string, sigs []os.Signal) error {
	for _, s := range sigs {
		if why := ossignal.Refusal(s); why != "" {
			return &anyio.MisuseError{Text: call + ": " + why}
		}
	}
	return nil
}

// push is called for each signal.
func (b *inbox) push(s os.Signal) {
	b.mu.Lock()
	if b.closed {
		b.mu.Unlock()
		return
	}
	w := b.waiter.WakeFirst()
	if w != nil {
		b.handed = s
	} else {
		b.arrived = append(b.arrived, s)
	}
	b.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
}

// close drops what has arrived and wakes who waits.
func (b *inbox) close() {
	b.mu.Lock()
	b.closed, b.arrived = true, nil
	w := b.waiter.FailFirst()
	b.mu.Unlock()
	if w != nil {
		w.Index = signalsClosed
		w.Unpark()
	}
}

const signalsClosed = 1 // Index of the waiter whose wait close has ended

// take waits for the first signal.
func (b *inbox) take(p kernel.Place) (os.Signal, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.arrived) == 0 && !b.closed {
		w := kernel.GetBlocker()
		defer kernel.PutBlocker(w)
		w.Prepare(p, opSignal)
		b.waiter.Push(&w.Node)
		b.mu.Unlock()
		err := w.Wait(p)
		b.mu.Lock()
		switch {
		case err != nil:
			b.waiter.Remove(&w.Node)
			return nil, err
		case w.Index == signalsClosed:
			return nil, anyio.ErrClosed
		}
		return b.handed, nil
	}
	if b.closed {
		return nil, p.CanceledOr(anyio.ErrClosed)
	}
	s := b.arrived[0]
	b.arrived = b.arrived[1:]
	return s, nil
}

var opSignal = kernel.RegisterOp("signals.Receiver.Receive")

// Receive waits for the next signal. The errors are anyio.ErrClosed, and an
// *anyio.BusyError if another task receives. Cancellation: no signal is lost.
func (r *Receiver) Receive(ctx context.Context) (os.Signal, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.guard.Acquire(); err != nil {
		return nil, err
	}
	defer r.guard.Release()
	return r.inbox.take(p)
}

// All receives until it is canceled or the receiver is closed, which ends the sequence
// after the error was yielded once. Cancellation: no signal is lost.
func (r *Receiver) All(ctx context.Context) iter.Seq2[os.Signal, error] {
	return func(yield func(os.Signal, error) bool) {
		for {
			s, err := r.Receive(ctx)
			if !yield(s, err) || err != nil {
				return
			}
		}
	}
}

// Close ends the receiving, restores what was there before and wakes who waits with
// anyio.ErrClosed. Signals that have arrived and were not received are dropped; one that
// comes later has its effect again. It always returns nil. Any task may call it.
// Cancellation: ignored; it never waits for a task.
func (r *Receiver) Close(ctx context.Context) error {
	kernel.Preempt()
	r.stop()
	r.watch.Stop()
	r.inbox.close()
	kernel.Preempt()
	return nil
}
