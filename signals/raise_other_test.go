//go:build !linux

package signals_test

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// raiseHere sends a signal to this process. It may arrive a little later.
func raiseHere(t *testing.T, s syscall.Signal) {
	t.Helper()
	self, err := os.FindProcess(os.Getpid())
	if err == nil {
		err = errors.Join(self.Signal(s), self.Release())
	}
	if err != nil {
		t.Fatalf("signal %v: %v", s, err) // what waits for it would wait forever
	}
}
