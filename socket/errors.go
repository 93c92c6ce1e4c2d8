package socket

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"syscall"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/errgraph"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// An AttemptsError is returned when a host has several addresses and none of them
// could be connected to. It matches what any of its errors matches.
type AttemptsError struct {
	Target   string    // "example.org:80"
	Attempts []Attempt // in the order in which they failed
}

// An Attempt is one address that was tried in vain.
type Attempt struct {
	Addr netip.AddrPort
	Err  error
}

func (e *AttemptsError) Error() string { return errgraph.Text(e, e.text) }

func (e *AttemptsError) text() string {
	var b strings.Builder
	b.WriteString("all attempts to connect to " + e.Target + " failed")
	for i, a := range e.Attempts {
		b.WriteString([...]string{": ", "; "}[min(i, 1)])
		b.WriteString(a.Addr.String() + ": ")
		err := a.Err
		if op := (*net.OpError)(nil); errors.As(errgraph.One(e, err), &op) {
			err = op.Err // the address was just told
		}
		b.WriteString(errgraph.Say(err))
	}
	return b.String()
}

// Unwrap returns the errors of all attempts.
func (e *AttemptsError) Unwrap() []error { return errgraph.Within(e, e.inside()...) }

func (e *AttemptsError) inside() []error {
	errs := make([]error, len(e.Attempts))
	for i, a := range e.Attempts {
		errs[i] = a.Err
	}
	return errs
}

var _ = errgraph.Register((*AttemptsError).inside)

// failed is the error of an established stream or a listener, for the user.
func (e *endpoint) failed(err error) error {
	if errno, ok := netaddr.Errno(err); ok && !e.closed.Load() && !errno.Is(errors.ErrUnsupported) {
		return &anyio.BrokenError{Cause: err} // as below
	}
	return e.examined(err)
}

// examined is failed of what package errors has to look into.
func (e *endpoint) examined(err error) error {
	switch {
	case errors.Is(err, anyio.ErrCanceled):
		return err
	case e.closed.Load() || errors.Is(err, net.ErrClosed):
		return anyio.ErrClosed
	case err == io.EOF || errors.Is(err, errors.ErrUnsupported):
		return err
	}
	if m := (*anyio.MisuseError)(nil); errors.As(err, &m) {
		return err
	}
	return &anyio.BrokenError{Cause: err}
}

// failedPacket is the error of a datagram socket. What is wrong with one datagram,
// such as its size or address, is told as it is.
func (e *endpoint) failedPacket(err error) error {
	for _, errno := range networkFailures {
		if errors.Is(err, errno) {
			return e.failed(err)
		}
	}
	if errors.Is(err, anyio.ErrCanceled) || !e.closed.Load() && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return anyio.ErrClosed
}

// networkFailures are what a datagram socket may be told of earlier datagrams.
var networkFailures = []error{
	syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE, syscall.ENOTCONN, syscall.ETIMEDOUT,
	syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENETDOWN, syscall.EHOSTDOWN,
}

// refused is the error of a call that cannot begin. In a canceled scope that is the
// cancellation.
func (e *endpoint) refused(ctx context.Context, err error) error {
	p, canceled := kernel.Enter(ctx)
	if canceled != nil {
		return canceled
	}
	if e.closed.Load() {
		err = anyio.ErrClosed
	}
	return p.CanceledOr(err)
}

// inUse reports whether an address is bound by another socket.
func inUse(err error) bool { return errors.Is(err, syscall.EADDRINUSE) }

// notHere reports whether the machine does not have the address or its family.
func notHere(err error) bool {
	return errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT)
}
