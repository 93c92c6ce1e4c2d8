//go:build !linux

package anyio_test

import (
	"os"
	"syscall"
	"testing"
)

// raiseHere sends a signal to this process. It may arrive a little later.
func raiseHere(t *testing.T, s syscall.Signal) {
	self, err := os.FindProcess(os.Getpid())
	wantNil(t, "find", err)
	wantNil(t, "raise", self.Signal(s))
	wantNil(t, "release", self.Release())
}
