package simnet

import (
	"errors"
	"net"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
)

// address is an address as package net has it, nil if it is zero.
func address(network string, a kernel.Addr) net.Addr {
	switch {
	case network == "unix" || network == "unixgram":
		if a.Path == "" {
			return nil
		}
		return &net.UnixAddr{Name: a.Path, Net: network}
	case !a.IP.IsValid():
		return nil
	case network[0] == 'u':
		return net.UDPAddrFromAddrPort(a.IP)
	default:
		return net.TCPAddrFromAddrPort(a.IP)
	}
}

// opError is an error of an operation as package net makes it. A syscall.Errno
// gets the name of the system call round it.
func opError(op, call, network string, local, remote kernel.Addr, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		err = os.NewSyscallError(call, errno)
	}
	return &net.OpError{Op: op, Net: network, Source: address(network, local), Addr: address(network, remote), Err: err}
}

// unsupported says what a simulated socket cannot do. It matches errors.ErrUnsupported.
type unsupported string

func (u unsupported) Error() string        { return "anyio: simulated network: " + string(u) }
func (u unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

const (
	errDescriptor = unsupported("descriptors of the system belong to real sockets: use another backend for what exists outside the run")
	errNoRawConn  = unsupported("a simulated socket has no descriptor")
	errPassing    = unsupported("descriptors mean nothing between simulated processes and cannot be passed")
)
