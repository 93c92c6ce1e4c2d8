package anyio

import (
	"context"
	"errors"
	"iter"
	"os"
	"runtime"
	"sync/atomic"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/signals"
	"github.com/anyio-go/anyio/internal/waitq"
)

// A SignalReceiver receives operating system signals in the order in which they
// arrive; none is lost while nobody waits, for there is no limit. One task may
// receive at a time, from any goroutine. [SG-01]
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
// there before. Receivers of the same signal all get it, and are closed in the
// opposite order. No signal at all is a *MisuseError. In the simulator the signals
// come from sim.Raise. Cancellation: nothing was changed. [SG-01] [SG-02]
func OpenSignalReceiver(ctx context.Context, sigs ...os.Signal) (*SignalReceiver, error) {
	if len(sigs) == 0 {
		return nil, misuse("OpenSignalReceiver without a signal: name those to receive, such as os.Interrupt")
	}
	p, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	r := &SignalReceiver{guard: ResourceGuard{Action: "receiving signals from"}}
	r.stop = signals.Subscribe(p.Run(), sigs, r.push)
	return r, nil
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

// Close ends the receiving and wakes who waits with ErrClosed. Signals that were
// not received are dropped. It never waits, does not look at ctx and always returns
// nil.
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

// A SignalError is returned by WithShutdown when a signal has ended its body.
type SignalError struct{ Signal os.Signal }

func (e *SignalError) Error() string { return "anyio: received signal: " + e.Signal.String() }

// ExitCode is what shells report for a program that the signal has ended: 128 plus
// its number. On Windows it is 1.
func (e *SignalError) ExitCode() int {
	if n, ok := signalNumber(e.Signal); ok && runtime.GOOS != "windows" {
		return 128 + n
	}
	return 1
}

// WithShutdown runs body, which one of the signals ends in good order: the first
// cancels the scope of the body, with a *SignalError as the cause, and what must be
// done in the end is done in Shielded scopes; a second one ends the process at once,
// as if nobody had received it (a simulated run is killed: all its waits fail).
// Without signals they are os.Interrupt and, where it
// exists, SIGTERM.
//
// The cancellation is removed as by WithCancelScope. In its place the *SignalError
// is returned, so that a program can exit with its ExitCode, joined with an error
// of the body if there was another.
func WithShutdown(ctx context.Context, body func(ctx context.Context) error, sigs ...os.Signal) error {
	if len(sigs) == 0 {
		sigs = shutdownSignals
	}
	var received atomic.Pointer[SignalError]
	err := WithCancelScope(ctx, func(ctx context.Context, s *CancelScope) error {
		r := s.s.Run()
		stop := signals.Subscribe(r, sigs, func(sig os.Signal) {
			e := &SignalError{sig}
			switch {
			case received.CompareAndSwap(nil, e):
				s.s.Cancel(&kernel.Cause{Err: e})
			case r.Virtual:
				r.Kill(&kernel.Cause{Kind: kernel.ByKill, Err: e, Reason: "a second signal"})
			default:
				endProcess(sig)
			}
		})
		defer stop()
		return body(ctx)
	})
	if e := received.Load(); e != nil {
		if err != nil {
			return errors.Join(e, err)
		}
		return e
	}
	return err
}
