package simnet

import (
	"context"

	"github.com/anyio-go/anyio/internal/kernel"
)

// AdoptStream fails: what comes from outside the run is no simulated socket. The
// descriptor stays open, since nobody here could close it in a way that a run
// repeats.
func (n *Net) AdoptStream(context.Context, uintptr) (kernel.StreamConn, error) {
	return nil, errDescriptor
}

// AdoptListener fails as AdoptStream does.
func (n *Net) AdoptListener(context.Context, uintptr) (kernel.StreamListener, error) {
	return nil, errDescriptor
}

// AdoptPacket fails as AdoptStream does.
func (n *Net) AdoptPacket(context.Context, uintptr) (kernel.PacketConn, error) {
	return nil, errDescriptor
}

// WaitFD fails: the simulator's clock cannot wait for what happens outside.
func (n *Net) WaitFD(ctx context.Context, _ uintptr, _ bool) error {
	if _, err := kernel.Enter(ctx); err != nil {
		return err
	}
	return errDescriptor
}

// NotifyClosing does nothing, as nobody waits for a descriptor.
func (n *Net) NotifyClosing(context.Context, uintptr) {}
