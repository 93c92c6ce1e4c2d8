//go:build unix

package anyio

import (
	"os"
	"os/signal"
	"syscall"
	"time"
)

var shutdownSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

func signalNumber(s os.Signal) (int, bool) {
	n, ok := s.(syscall.Signal)
	return int(n), ok
}

// endProcess lets the signal do what it does when nobody receives it. If that is
// nothing, for instance because who started the process lets it ignore the signal, the
// process exits as a shell would report it.
func endProcess(e *SignalError) {
	signal.Reset(e.Signal)
	if n, ok := e.Signal.(syscall.Signal); ok && syscall.Kill(os.Getpid(), n) == nil {
		time.Sleep(time.Second) // the signal may be delivered to another thread
	}
	os.Exit(e.ExitCode())
}
