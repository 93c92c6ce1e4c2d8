package netconn

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
)

// ReadFDs is not possible on Windows.
func (s *Stream) ReadFDs(context.Context, []byte, []uintptr) (n, nfds int, err error) {
	return 0, 0, errors.ErrUnsupported
}

// WriteFDs is not possible on Windows.
func (s *Stream) WriteFDs(context.Context, []byte, []uintptr) error { return errors.ErrUnsupported }

func unnamedUnixgram() (kernel.PacketConn, error) {
	return nil, &net.OpError{Op: "listen", Net: "unixgram", Err: fmt.Errorf("UNIX datagrams on Windows: %w", errors.ErrUnsupported)}
}
