//go:build unix

package process_test

import (
	"os"
	"os/signal"
	"syscall"
)

// What starts the tests, nohup for instance, may have signals ignored, and a process
// that ignores one lets those ignore it that it starts. A signal that is received has
// its effect again there, so that no test waits for a process which a signal shall end.
func init() {
	for _, s := range []os.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2} {
		if signal.Ignored(s) {
			signal.Notify(make(chan os.Signal, 1), s) // nobody looks
		}
	}
}
