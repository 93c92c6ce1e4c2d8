package nettry

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
)

// A Network is a kernel.TryNetwork over package net. The zero value is ready.
type Network struct {
	netconn.Network
	mu      sync.Mutex          // guards what follows
	watched map[closer]struct{} // those with somebody who is told
	ended   bool                // the run is over
}

type closer interface{ Close() error }

var _ kernel.TryNetwork = (*Network)(nil)

// enlist notes that c is watched: it is closed when the run is over.
func (n *Network) enlist(c closer) {
	n.mu.Lock()
	ended := n.ended
	if !ended {
		if n.watched == nil {
			n.watched = make(map[closer]struct{})
		}
		n.watched[c] = struct{}{}
	}
	n.mu.Unlock()
	if ended {
		_ = c.Close() // as End would have done
	}
}

func (n *Network) delist(c closer) {
	n.mu.Lock()
	delete(n.watched, c)
	n.mu.Unlock()
}

// End closes what is watched when the run is over. Sockets of which nobody is told need no
// loop, and stay.
func (n *Network) End() {
	n.mu.Lock()
	all := n.watched
	n.watched, n.ended = nil, true
	n.mu.Unlock()
	for c := range all {
		_ = c.Close() // there is nobody to be told
	}
}

// DialStream connects a stream socket.
func (n *Network) DialStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamConn, error) {
	c, err := n.Network.DialStream(ctx, o)
	return n.stream(c, err, o.Network)
}

// AdoptStream takes over a connected socket.
func (n *Network) AdoptStream(ctx context.Context, fd uintptr) (kernel.StreamConn, error) {
	c, err := n.Network.AdoptStream(ctx, fd)
	return n.stream(c, err, "")
}

// ListenStream makes a stream socket that accepts.
func (n *Network) ListenStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamListener, error) {
	c, err := n.Network.ListenStream(ctx, o)
	return n.listener(c, err, o.Network)
}

// AdoptListener takes over a socket that listens.
func (n *Network) AdoptListener(ctx context.Context, fd uintptr) (kernel.StreamListener, error) {
	c, err := n.Network.AdoptListener(ctx, fd)
	return n.listener(c, err, "")
}

// OpenPacket makes a datagram socket.
func (n *Network) OpenPacket(ctx context.Context, o kernel.SocketOptions) (kernel.PacketConn, error) {
	c, err := n.Network.OpenPacket(ctx, o)
	return n.packet(c, err, o.Network)
}

// AdoptPacket takes over a datagram socket.
func (n *Network) AdoptPacket(ctx context.Context, fd uintptr) (kernel.PacketConn, error) {
	c, err := n.Network.AdoptPacket(ctx, fd)
	return n.packet(c, err, "")
}

// TryFile takes over an end of a pipe or a terminal. To be lent a descriptor is not
// possible: there is nothing to wait with that takes nothing.
func (n *Network) TryFile(fd uintptr, lend bool) (kernel.TryFile, error) {
	if lend {
		return nil, &net.OpError{Op: "file", Net: "fd", Err: errors.ErrUnsupported}
	}
	prepareFile(fd)
	f := os.NewFile(fd, "pipe")
	if f == nil {
		return nil, &net.OpError{Op: "file", Net: "fd", Err: os.ErrInvalid}
	}
	return newFile(n, f), nil
}
