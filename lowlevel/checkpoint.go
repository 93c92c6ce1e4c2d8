package lowlevel

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// Checkpoint lets other tasks run and then reports whether ctx is canceled.
// Cancellation: it is returned.
func Checkpoint(ctx context.Context) error { return kernel.Checkpoint(ctx) }

// CheckpointIfCanceled reports whether ctx is canceled and does not let others run.
// Shields and deadlines are considered. Cancellation: it is returned; the call never
// waits.
func CheckpointIfCanceled(ctx context.Context) error { return kernel.Locate(ctx).Check() }

// ShieldedCheckpoint lets other tasks run and does not mind cancellation: for the
// end of an operation that has taken effect.
func ShieldedCheckpoint(ctx context.Context) { kernel.CheckpointShielded(ctx) }

// Enter begins a blocking call, as all calls of this module begin: it reports whether
// ctx is canceled, and lets others run if the task has done many operations in a row
// (in the simulator: always). Do not hold a lock across it. Cancellation: it is
// returned; the call that begins is to have no effect then.
func Enter(ctx context.Context) error {
	_, err := kernel.Enter(ctx)
	return err
}
