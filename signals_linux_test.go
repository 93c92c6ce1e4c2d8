package anyio_test

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio"
	"golang.org/x/sys/unix"
)

// raiseHere sends a signal to the calling thread: the process has it on return.
func raiseHere(t *testing.T, s syscall.Signal) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	wantNil(t, "tgkill", unix.Tgkill(os.Getpid(), unix.Gettid(), s))
}

// No signal gets lost between the end of the body and the time when what was there
// before is restored: either it is told, or it has its old effect.
func TestSignalAtTheEndOfAShutdownIsTold(t *testing.T) {
	ctx := context.Background()
	guard := receiver(t, ctx, syscall.SIGHUP)
	for range 500 {
		err := anyio.WithShutdown(ctx, func(ctx context.Context) error {
			raiseHere(t, syscall.SIGHUP)
			return nil
		}, syscall.SIGHUP)
		if e, ok := err.(*anyio.SignalError); !ok || e.Signal != syscall.SIGHUP {
			t.Fatalf("the signal at the end is not told: %v", err)
		}
		if _, err := guard.Receive(ctx); err != nil { // lest the next one is merged with it
			t.Fatal(err)
		}
	}
}
