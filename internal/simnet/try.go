package simnet

import (
	"slices"

	"github.com/anyio-go/anyio/internal/kernel"
)

// TryWriteTo sends a datagram; there is always room.
func (s *datagram) TryWriteTo(data []byte, to kernel.Addr) error {
	s.net.lock()
	defer s.net.unlock()
	return s.writeNow(nowhere, data, to)
}

// TryWriteTo gives a datagram to the other socket.
func (s *unixgram) TryWriteTo(data []byte, to kernel.Addr) error {
	s.net.lock()
	defer s.net.unlock()
	full, err := s.writeNow(nowhere, data, to)
	if full != nil {
		err = s.writes.block()
		if s.writes.armed && !slices.Contains(full.room.also, &s.writes) {
			full.room.also = append(full.room.also, &s.writes)
		}
	}
	return err
}

// TryFile fails, and closes the descriptor unless it is lent: what exists outside the run
// is not seen by the simulator's clock.
func (n *Net) TryFile(fd uintptr, lend bool) (kernel.TryFile, error) {
	if lend {
		return nil, errDescriptor
	}
	return nil, refuse(fd)
}

var (
	_ kernel.TryStream   = (*conn)(nil)
	_ kernel.TryStream   = (*unixConn)(nil)
	_ kernel.TryListener = (*listener)(nil)
	_ kernel.TryListener = (*unixListener)(nil)
	_ kernel.TryPacket   = (*datagram)(nil)
	_ kernel.TryPacket   = (*unixgram)(nil)
	_ kernel.TryNetwork  = (*Net)(nil)
)
