package simnet

import "errors"

// unsupported says what a simulated socket cannot do. It matches errors.ErrUnsupported.
type unsupported string

func (u unsupported) Error() string        { return "anyio: simulated network: " + string(u) }
func (u unsupported) Is(target error) bool { return target == errors.ErrUnsupported }

const (
	errDescriptor = unsupported("descriptors of the system belong to real sockets: use another backend for what exists outside the run")
	errNoRawConn  = unsupported("a simulated socket has no descriptor")
	errPassing    = unsupported("descriptors mean nothing between simulated processes and cannot be passed")
)
