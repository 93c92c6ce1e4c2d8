package sim

import (
	"context"
	"fmt"
	"os"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/signals"
)

// Raise sends a signal to the simulated run of ctx: to its signal receivers and to
// anyio.WithShutdown. It returns an error if nobody in the run receives the signal,
// as that would have ended a real process. It does not wait.
func Raise(ctx context.Context, s os.Signal) error {
	r := kernel.Locate(ctx).Run()
	if !r.Virtual {
		return &anyio.MisuseError{Text: "sim.Raise outside a simulated run: use os.Process.Signal for real signals"}
	}
	kernel.Preempt()
	heard := signals.Raise(r, s)
	kernel.Preempt()
	if heard == 0 {
		return fmt.Errorf("sim: nobody receives the signal %v: it would have ended the process", s)
	}
	return nil
}
