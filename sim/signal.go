package sim

import (
	"context"
	"fmt"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/simloop"
)

// Raise sends a signal to the simulated run of ctx: to its signal receivers and to
// signals.WithShutdown. It returns an error if nobody in the run receives the signal, as
// that would have ended a real process. Cancellation: ignored; it never waits.
func Raise(ctx context.Context, sig os.Signal) error {
	s, ok := kernel.Locate(ctx).Run().Backend.(*simloop.Sim)
	if !ok {
		return &anyio.MisuseError{Text: "sim.Raise outside a simulated run: use os.Process.Signal for real signals"}
	}
	kernel.Preempt()
	heard := s.Raise(sig)
	kernel.Preempt()
	if heard == 0 {
		return fmt.Errorf("sim: nobody receives the signal %v: it would have ended the process", sig)
	}
	return nil
}
