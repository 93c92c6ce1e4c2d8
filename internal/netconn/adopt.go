package netconn

import (
	"context"
	"net"
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
)

// AdoptStream takes over a connected socket.
func (Network) AdoptStream(ctx context.Context, fd uintptr) (kernel.StreamConn, error) {
	c, err := adopt(ctx, fd, net.FileConn)
	if err != nil {
		return nil, err
	}
	return FromConn(c), nil
}

// AdoptListener takes over a socket that listens.
func (Network) AdoptListener(ctx context.Context, fd uintptr) (kernel.StreamListener, error) {
	l, err := adopt(ctx, fd, net.FileListener)
	if err != nil {
		return nil, err
	}
	return FromListener(l), nil
}

// AdoptPacket takes over a datagram socket.
func (Network) AdoptPacket(ctx context.Context, fd uintptr) (kernel.PacketConn, error) {
	c, err := adopt(ctx, fd, net.FilePacketConn)
	if err != nil {
		return nil, err
	}
	return FromPacketConn(c), nil
}

// adopt lets package net make its own of fd. It duplicates it; the original is closed.
func adopt[T any](ctx context.Context, fd uintptr, of func(*os.File) (T, error)) (v T, err error) {
	f := os.NewFile(fd, "socket")
	if f == nil {
		return v, &net.OpError{Op: "adopt", Err: os.ErrInvalid}
	}
	defer f.Close()
	if _, err := kernel.Enter(ctx); err != nil {
		return v, err
	}
	return of(f)
}
