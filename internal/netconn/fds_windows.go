package netconn

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// ReadFDs is not possible on Windows.
func (s *Stream) ReadFDs(context.Context, []byte, []uintptr) (n, nfds int, err error) {
	return 0, 0, errors.ErrUnsupported
}

// WriteFDs is not possible on Windows.
func (s *Stream) WriteFDs(context.Context, []byte, []uintptr) error { return errors.ErrUnsupported }

// beyondNet reports whether there is no such datagram socket.
func beyondNet(o kernel.SocketOptions) bool { return o.Network == "unixgram" }

func openUnixgram(o kernel.SocketOptions) (kernel.PacketConn, error) {
	op := "dial"
	if o.Remote == (kernel.Addr{}) {
		op = "listen"
	}
	err := fmt.Errorf("UNIX datagrams on Windows: %w", errors.ErrUnsupported)
	return nil, netaddr.OpError(op, "", o.Network, o.Local, o.Remote, err)
}
