package simnet

import (
	"context"
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
)

// AdoptStream fails, and closes the descriptor: what comes from outside the run is
// no simulated socket.
func (n *Net) AdoptStream(_ context.Context, fd uintptr) (kernel.StreamConn, error) {
	return nil, refuse(fd)
}

// AdoptListener fails as AdoptStream does.
func (n *Net) AdoptListener(_ context.Context, fd uintptr) (kernel.StreamListener, error) {
	return nil, refuse(fd)
}

// AdoptPacket fails as AdoptStream does.
func (n *Net) AdoptPacket(_ context.Context, fd uintptr) (kernel.PacketConn, error) {
	return nil, refuse(fd)
}

func refuse(fd uintptr) error {
	if f := os.NewFile(fd, "adopted socket"); f != nil {
		_ = f.Close() // it is ours, and of no use
	}
	return errDescriptor
}

// WaitFD fails: the simulator's clock cannot wait for what happens outside.
func (n *Net) WaitFD(ctx context.Context, _ uintptr, _ bool) error {
	if _, err := enter(ctx); err != nil {
		return err
	}
	return errDescriptor
}

// NotifyClosing does nothing, as nobody waits for a descriptor.
func (n *Net) NotifyClosing(context.Context, uintptr) {}
