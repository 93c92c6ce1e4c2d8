package asyncio

import (
	"context"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// ConnectReadPipe makes a transport of the end of a pipe, or FIFO, that is read from, of a
// terminal, or of a socket, and returns it and the protocol, which factory makes, after
// ConnectionMade was called. pipe is a descriptor, a uintptr, or something with one, as an
// *os.File, which is closed in favor of a duplicate. It belongs to the transport, and is
// made non-blocking. Files of other kinds are a *anyio.MisuseError. In a simulation the error
// matches errors.ErrUnsupported.
//
// Cancellation: the pipe is closed.
func (l *Loop) ConnectReadPipe(ctx context.Context, factory func() BaseProtocol, pipe any) (Transport, BaseProtocol, error) {
	l.use("ConnectReadPipe")
	return l.pipe(ctx, factory, pipe, readPipe)
}

// ConnectWritePipe makes a transport of the end of a pipe that is written to, as
// ConnectReadPipe does. When nobody reads from the pipe any more, the transport is closed;
// on Windows that is noticed by the next Write, and when a process of Subprocess ends.
//
// Cancellation: the pipe is closed.
func (l *Loop) ConnectWritePipe(ctx context.Context, factory func() BaseProtocol, pipe any) (Transport, BaseProtocol, error) {
	l.use("ConnectWritePipe")
	return l.pipe(ctx, factory, pipe, writePipe)
}

func (l *Loop) pipe(ctx context.Context, factory func() BaseProtocol, pipe any, kind wireKind) (Transport, BaseProtocol, error) {
	if factory == nil {
		return nil, nil, errNoFactory()
	}
	n, err := kernel.TryNetworkOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	fd, err := pipeFD(pipe)
	if err != nil {
		return nil, nil, err
	}
	f, err := n.TryFile(fd, false)
	if err != nil {
		return nil, nil, err
	}
	return l.wired(ctx, factory, f, kind)
}

// pipeFD is the descriptor of a pipe, which the caller owns then.
func pipeFD(pipe any) (uintptr, error) {
	switch p := pipe.(type) {
	case uintptr:
		return p, checkPipe(p)
	case int:
		return uintptr(p), checkPipe(uintptr(p))
	case interface {
		syscall.Conn
		Close() error
	}:
		raw, err := p.SyscallConn()
		if err != nil {
			return 0, err
		}
		var fd uintptr
		var inner error
		err = raw.Control(func(own uintptr) {
			if inner = checkPipe(own); inner == nil {
				fd, inner = duplicateFD(own)
			}
		})
		if err == nil {
			err = inner
		}
		if err == nil {
			_ = p.Close() // we have the pipe, whatever it says
		}
		return fd, err
	}
	return 0, misuse("a pipe is an *os.File, something else with a descriptor, or a descriptor")
}
