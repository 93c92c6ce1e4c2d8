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
func CheckpointIfCanceled(ctx context.Context) error { return kernel.Locate(ctx).CheckAtOnce() }

// ShieldedCheckpoint lets other tasks run and does not mind cancellation: for the
// end of an operation that has taken effect.
func ShieldedCheckpoint(ctx context.Context) { kernel.CheckpointShielded(ctx) }

// CanceledOr returns the error of a call that finds, without having waited, that it
// fails: the cancellation if ctx is canceled or about to be, else err. So a failure that
// others cause because they are canceled, too, such as that of what they have closed, is
// not taken for one. Cancellation: it is returned; the call never waits.
func CanceledOr(ctx context.Context, err error) error { return kernel.Locate(ctx).CanceledOr(err) }

// Enter begins a blocking call, as all calls of this module begin: it reports whether
// ctx is canceled, and lets others run if the task has done many operations in a row
// (in the simulator: always). Do not hold a lock across it. Cancellation: it is
// returned; the call that begins is to have no effect then.
func Enter(ctx context.Context) error {
	_, err := kernel.Enter(ctx)
	return err
}
