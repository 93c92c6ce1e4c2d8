package anyio

import (
	"context"
	"iter"
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/signals"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A SignalReceiver receives operating system signals in the order in which they
// arrive. What has arrived is kept, without a limit, while nobody waits. One task may
// receive at a time, from any goroutine.
//
// Systems themselves merge signals: one that is sent again before the process has
// got the first arrives once. So of a burst of one number at least one is received,
// in the end, and there is no order between different ones sent at the same time.
// Count events by other means. [SG-01]
type SignalReceiver struct {
	guard ResourceGuard
	stop  func()

	mu      waitq.Mutex // guards what follows
	arrived []os.Signal
	waiter  kernel.Queue
	closed  bool
}

// OpenSignalReceiver begins to receive the given signals, of which one may be named
// twice; they have no other effect from then on. Close it: that restores what was
// there before. Receivers of the same signal all get it, and so do channels given to
// signal.Notify; they may be closed in any order. Only if the signal was ignored
// before, the end of the last receiver lets it be ignored again by signal.Ignore, which
// ends such channels, too. No signal at all, one that the system does not have, and one
// that no process can receive, such as SIGKILL, are a *MisuseError. In the simulator
// the signals come from sim.Raise. Cancellation: nothing was changed. [SG-01] [SG-02]
func OpenSignalReceiver(ctx context.Context, sigs ...os.Signal) (*SignalReceiver, error) {
	if len(sigs) == 0 {
		return nil, misuse("OpenSignalReceiver without a signal: name those to receive, such as os.Interrupt")
	}
	if err := checkSignals("OpenSignalReceiver", sigs); err != nil {
		return nil, err
	}
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	r := &SignalReceiver{guard: ResourceGuard{Action: "receiving signals from"}}
	r.stop = signals.Subscribe(p.Run(), sigs, r.push)
	return r, nil
}

// checkSignals refuses signals that can never arrive.
func checkSignals(call string, sigs []os.Signal) error {
	for _, s := range sigs {
		if why := signals.Refusal(s); why != "" {
			return misuse(call + ": " + why)
		}
	}
	return nil
}

// push is called for each signal.
func (r *SignalReceiver) push(s os.Signal) {
	r.mu.Lock()
	if r.closed {
		r.mu.Unlock()
		return
	}
	r.arrived = append(r.arrived, s)
	w := r.waiter.WakeFirst()
	r.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
}

var opSignal = kernel.RegisterOp("SignalReceiver.Receive")

// Receive waits for the next signal. The errors are ErrClosed, and a *BusyError if
// another task receives. Cancellation: no signal is lost.
func (r *SignalReceiver) Receive(ctx context.Context) (os.Signal, error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	if err := r.guard.Acquire(); err != nil {
		return nil, err
	}
	defer r.guard.Release()
	r.mu.Lock()
	if len(r.arrived) == 0 && !r.closed {
		b := kernel.GetBlocker()
		defer kernel.PutBlocker(b)
		b.Prepare(p, opSignal)
		r.waiter.Push(&b.Node)
		r.mu.Unlock()
		err := b.Wait(p)
		r.mu.Lock()
		if err != nil {
			r.waiter.Remove(&b.Node)
			r.mu.Unlock()
			return nil, err
		}
	}
	defer r.mu.Unlock()
	if r.closed {
		return nil, ErrClosed
	}
	s := r.arrived[0]
	r.arrived = r.arrived[1:]
	return s, nil
}

// All receives until it is canceled or the receiver is closed, which ends the
// sequence after the error was yielded once.
func (r *SignalReceiver) All(ctx context.Context) iter.Seq2[os.Signal, error] {
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
// ErrClosed. Signals that have arrived and were not received are dropped; one that
// comes later has its effect again. It never waits for a task, does not look at ctx and
// always returns nil. Any task may call it.
func (r *SignalReceiver) Close(ctx context.Context) error {
	r.stop()
	r.mu.Lock()
	r.closed, r.arrived = true, nil
	w := r.waiter.WakeFirst()
	r.mu.Unlock()
	if w != nil {
		w.Unpark()
	}
	return nil
}
