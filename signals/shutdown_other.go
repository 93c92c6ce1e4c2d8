//go:build !unix

package signals

import (
	"os"
	"syscall"
)

// On Windows SIGTERM says that the console is closed, the user logs off, or the system
// shuts down.
var shutdownSignals = []os.Signal{os.Interrupt, syscall.SIGTERM}

func signalNumber(os.Signal) (int, bool) { return 0, false }
