//go:build unix

package ossignal

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
)

// KeepPipeErrors is as kernel.Signals says: package os lets SIGPIPE end the process
// unless somebody receives that signal.
func (Process) KeepPipeErrors() (restore func()) {
	return redirect(make(chan os.Signal, 1), []os.Signal{syscall.SIGPIPE}) // nobody looks
}

// End lets the signal do what it does when nobody receives it. If that is nothing, for
// instance because who started the process lets it ignore the signal, the process exits
// as a shell would report it.
func (Process) End(_ *kernel.Run, s os.Signal, _ *kernel.Cause) {
	signal.Reset(s)
	n, ok := s.(syscall.Signal)
	if ok && syscall.Kill(os.Getpid(), n) == nil {
		time.Sleep(time.Second) // the signal may be delivered to another thread
	}
	if !ok {
		os.Exit(1)
	}
	os.Exit(128 + int(n))
}
