package main

import (
	"context"
	"net/netip"

	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// maxDatagram is the most that is put into one datagram: what a terminal or a pipe
// brings at once, but not so much that IP refuses it.
const maxDatagram = 16 << 10

// connectedDatagrams is a UDP socket as if it were a byte stream. It has no end.
type connectedDatagrams struct{ *socket.ConnectedUDPSocket }

func (d *connectedDatagrams) Receive(ctx context.Context, buf []byte) (int, error) {
	return d.ReceiveInto(ctx, buf)
}

func (d *connectedDatagrams) Send(ctx context.Context, data []byte) error {
	return inPieces(data, func(piece []byte) error { return d.ConnectedUDPSocket.Send(ctx, piece) })
}

func (d *connectedDatagrams) SendEOF(ctx context.Context) error { return nil }

// A peerDatagrams is the same for a socket that anybody may send to: it talks to
// whoever came first.
type peerDatagrams struct {
	*socket.UDPSocket
	peer  netip.AddrPort
	first []byte // the datagram that came first, until it was received
}

// acceptDatagram waits for the first datagram.
func (n *netcat) acceptDatagram(ctx context.Context) (conn stream.ByteStream, err error) {
	config := socket.ListenConfig{Family: n.family()}
	if n.host == "" && config.Family == socket.Unspecified {
		config.Family = socket.IPv4
	}
	s, err := config.ListenUDP(ctx, n.host, n.port)
	if err != nil {
		return nil, err
	}
	n.tell("listening on %s", local(s))
	p, err := s.Receive(ctx)
	if err != nil {
		_ = s.Close(ctx)
		return nil, err
	}
	n.tell("datagram from %s", p.Addr)
	return &peerDatagrams{s, p.Addr, p.Data}, nil
}

func (d *peerDatagrams) Receive(ctx context.Context, buf []byte) (k int, err error) {
	if d.first != nil {
		k, d.first = copy(buf, d.first), nil
		return k, nil
	}
	for {
		k, from, err := d.ReceiveFrom(ctx, buf)
		if err != nil || from == d.peer {
			return k, err
		}
	}
}

func (d *peerDatagrams) Send(ctx context.Context, data []byte) error {
	return inPieces(data, func(piece []byte) error { return d.SendTo(ctx, piece, d.peer) })
}

func (d *peerDatagrams) SendEOF(ctx context.Context) error { return nil }

// inPieces gives data to send in pieces of which each fits into a datagram.
func inPieces(data []byte, send func(piece []byte) error) error {
	for len(data) > 0 {
		piece := data[:min(len(data), maxDatagram)]
		if err := send(piece); err != nil {
			return err
		}
		data = data[len(piece):]
	}
	return nil
}
