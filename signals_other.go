//go:build !unix

package anyio

import "os"

var shutdownSignals = []os.Signal{os.Interrupt}

func signalNumber(os.Signal) (int, bool) { return 0, false }

// endProcess ends the process as the signal would.
func endProcess(*SignalError) { os.Exit(2) }
