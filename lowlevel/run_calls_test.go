package lowlevel_test

import (
	"context"
	"runtime"
	"testing"
	"time"
	"weak"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/kernel"
)

// What is taken back is not called.
func TestCallAfterIsTakenBack(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		run, called, done := kernel.Locate(ctx).Run(), make(chan string, 3), make(chan struct{})
		begin := anyio.Now(ctx)
		stop := run.CallAfter(time.Millisecond, func() { called <- "taken back" })
		stop()
		late := anyio.Now(ctx).Sub(begin) >= time.Millisecond // the machine is slow: it may have been called
		run.CallAfter(2*time.Millisecond, func() { called <- "left"; close(done) })
		for over := false; !over; {
			if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
				t.Fatal(err)
			}
			select {
			case <-done:
				over = true
			default:
			}
		}
		if got := <-called; (got != "left" || len(called) > 0) && !late {
			t.Errorf("called: %s, and %d more", got, len(called))
		}
	})
}

// A context that lives longer keeps nothing of the runs that were canceled by it.
func TestRunThatHasEndedIsGarbage(t *testing.T) {
	for _, b := range anyio.Backends() {
		t.Run(b, func(t *testing.T) {
			backend, err := anyio.BackendByName(b)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var run weak.Pointer[kernel.Run]
			err = anyio.Run(ctx, func(ctx context.Context) error {
				run = weak.Make(kernel.Locate(ctx).Run())
				return anyio.Sleep(ctx, time.Millisecond)
			}, anyio.On(backend))
			if err != nil {
				t.Fatal(err)
			}
			for i := 0; run.Value() != nil; i++ {
				if i == 100 {
					t.Fatal("the run is kept by the context that it was given")
				}
				runtime.GC()
			}
		})
	}
}
