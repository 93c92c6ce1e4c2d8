package simnet

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// enter is kernel.Enter of an operation on the network, which is one thing to those who look
// for steps that touch nothing in common.
func enter(ctx context.Context) (kernel.Place, error) {
	p, err := kernel.Enter(ctx)
	kernel.Touch(nil, kernel.Changes)
	return p, err
}

// preempt is kernel.Preempt around such an operation.
func preempt() {
	kernel.Touch(nil, kernel.Changes)
	kernel.Preempt()
	kernel.Touch(nil, kernel.Changes)
}
