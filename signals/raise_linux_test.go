package signals_test

import (
	"context"
	"os"
	"runtime"
	"syscall"
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/signals"
	"golang.org/x/sys/unix"
)

// sendHere sends a signal to the calling thread: the process has it on return.
func sendHere(s syscall.Signal) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	return unix.Tgkill(os.Getpid(), unix.Gettid(), s)
}

func raiseHere(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := sendHere(s); err != nil {
		t.Fatalf("tgkill: %v", err) // what waits for the signal would wait forever
	}
}

// No signal gets lost between the end of the body and the time when what was there
// before is restored: either it is told, or it has its old effect.
func TestSignalAtTheEndOfAShutdownIsTold(t *testing.T) {
	ctx := context.Background()
	guard := receiver(t, ctx, syscall.SIGHUP)
	for range 500 {
		err := signals.WithShutdown(ctx, func(ctx context.Context) error {
			raiseHere(t, syscall.SIGHUP)
			return nil
		}, syscall.SIGHUP)
		if e, ok := err.(*signals.Error); !ok || e.Signal != syscall.SIGHUP {
			t.Fatalf("the signal at the end is not told: %v", err)
		}
		if _, err := guard.Receive(ctx); err != nil { // lest the next one is merged with it
			t.Fatal(err)
		}
	}
}

func TestSignalsThatOthersTakeAreRefused(t *testing.T) {
	for s, why := range map[syscall.Signal]string{
		syscall.SIGKILL: "no process receive", syscall.SIGSTOP: "no process receive",
		syscall.SIGPROF: "profiler", 32: "C library", 33: "C library", 34: "C library",
	} {
		_, err := signals.Open(context.Background(), s)
		testkit.WantMisuseText(t, err, why, "signals.Open")
	}
}

func TestAllOtherSignalsAreReceived(t *testing.T) {
	ctx := context.Background()
	for n := syscall.Signal(1); n <= 64; n++ {
		switch n {
		case syscall.SIGKILL, syscall.SIGSTOP, syscall.SIGPROF, 32, 33, 34, syscall.SIGURG: // the last one is sent by the runtime, too
			continue
		}
		r := receiver(t, ctx, n)
		if err := sendHere(n); err == syscall.EINVAL && n > 60 {
			continue // an emulator of another machine keeps the last ones for itself
		} else if err != nil {
			t.Fatalf("signal %d: %v", int(n), err)
		}
		if s, err := r.Receive(ctx); s != n || err != nil {
			t.Errorf("signal %d: %v, %v", int(n), s, err)
		}
		testkit.WantNil(t, "close", r.Close(ctx))
	}
}
