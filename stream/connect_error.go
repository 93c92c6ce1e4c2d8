package stream

import (
	"errors"

	"github.com/anyio-go/anyio/internal/errgraph"
)

// ErrConnect is matched by the error of a Connectable.
var ErrConnect = errors.New("anyio: connection failed")

// A ConnectError is returned by a Connectable that could not connect. It
// matches ErrConnect and what its cause matches.
type ConnectError struct {
	Target string // "example.org:443", "/run/db.sock"
	Cause  error
}

func (e *ConnectError) Error() string {
	return errgraph.Text(e, func() string { return "anyio: error connecting to " + e.Target + ": " + errgraph.Say(e.Cause) })
}

// Unwrap returns ErrConnect and the cause.
func (e *ConnectError) Unwrap() []error { return errgraph.Within(e, e.inside()...) }

func (e *ConnectError) inside() []error { return []error{ErrConnect, e.Cause} }

var _ = errgraph.Register((*ConnectError).inside)
