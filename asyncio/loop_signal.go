package asyncio

import (
	"os"

	"github.com/anyio-go/anyio/internal/ossignal"
)

// A signalHandler is what a loop calls for a signal.
type signalHandler struct {
	f    func()
	stop func() // restores what was there before
}

// AddSignalHandler lets the loop call f, as CallSoon does, each time the process receives
// the signal, which has no other effect from then on. It replaces the handler that the
// signal has. Several loops may handle a signal, and so may package signals. The error is a
// *anyio.MisuseError if no process can receive the signal.
//
// Handlers end with the run. In a simulation the signals come from sim.Raise.
func (l *Loop) AddSignalHandler(sig os.Signal, f func()) error {
	l.use("AddSignalHandler")
	if why := ossignal.Refusal(sig); why != "" {
		return misuse("AddSignalHandler: " + why)
	}
	if f == nil {
		return misuse("AddSignalHandler: the callback is nil")
	}
	if h := l.signals[sig]; h != nil {
		h.f = f
		return nil
	}
	if l.signals == nil {
		l.signals = make(map[os.Signal]*signalHandler)
	}
	stop := l.run.Signals().Subscribe([]os.Signal{sig}, func(sig os.Signal) {
		_, _ = l.CallSoonThreadsafe(func() { l.received(sig) }) // else nobody is left to be told
	})
	l.signals[sig] = &signalHandler{f, stop}
	return nil
}

// received lets the loop call the handler that a signal has now.
func (l *Loop) received(sig os.Signal) {
	if s := l.signals[sig]; s != nil {
		h := l.newHandle(s.f)
		h.users = true
		l.looper.Call(h.call())
	}
}

// RemoveSignalHandler removes the handler of a signal, which has again the effect that it
// had before. It reports whether there was one.
func (l *Loop) RemoveSignalHandler(sig os.Signal) bool {
	l.use("RemoveSignalHandler")
	if ossignal.Refusal(sig) != "" {
		return false
	}
	h := l.signals[sig]
	if h == nil {
		return false
	}
	delete(l.signals, sig)
	h.stop()
	return true
}

// endSignals removes all handlers.
func (l *Loop) endSignals() {
	for _, h := range l.signals {
		h.stop()
	}
	l.signals = nil
}
