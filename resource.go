package anyio

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Resource is anything that must be closed: streams, listeners, processes.
//
// Close releases the resource first and only then may wait or report the
// cancellation of ctx; so it does its work in a canceled scope as well, and
//
//	defer r.Close(ctx)
//
// is right whatever happened before. Those who wait in the resource's methods
// are woken with ErrClosed. Closing again does nothing and returns nil.
type Resource interface {
	// Close releases the resource, once. Cancellation: it is released all the same;
	// Close may return the cancellation afterwards.
	Close(ctx context.Context) error
}

// CloseForcefully closes r without waiting for anything, such as the closing handshake
// of a protocol: it calls Close in a scope that is already canceled. The cancellation
// does not come back; another error of Close does. Cancellation: ignored; r is closed
// in any case.
func CloseForcefully(ctx context.Context, r Resource) error {
	// The shield keeps a cancellation outside from being mistaken for Close's error;
	// the caller meets it at the next blocking call.
	return WithCancelScope(ctx, func(ctx context.Context, scope *CancelScope) error {
		scope.s.Cancel(&kernel.Cause{Reason: "closed forcefully"})
		return r.Close(ctx)
	}, Shield())
}
