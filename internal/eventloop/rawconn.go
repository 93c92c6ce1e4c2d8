//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"net"
	"runtime"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A rawConn gives access to a socket's descriptor. Read and Write wait, as there is
// no context, until the socket is closed or the calling task canceled.
type rawConn struct{ h *handle }

func (r rawConn) Control(f func(fd uintptr)) error {
	defer runtime.KeepAlive(r.h)
	d := r.h.f
	if !d.use() {
		return d.opError("raw-control", net.ErrClosed)
	}
	defer d.release()
	f(uintptr(d.fd))
	return nil
}

func (r rawConn) Read(f func(fd uintptr) (done bool)) error {
	return r.attempt("raw-read", r.h.f.kind.ops.Read, &r.h.f.read, f)
}

func (r rawConn) Write(f func(fd uintptr) (done bool)) error {
	return r.attempt("raw-write", r.h.f.kind.ops.Write, &r.h.f.write, f)
}

func (r rawConn) attempt(name string, op kernel.Op, d *direction, f func(fd uintptr) (done bool)) error {
	place := kernel.Locate(context.Background())
	if t := place.RunningTask(); t != nil {
		place = kernel.Place{S: &t.Scope}
	}
	for {
		seen, done := d.edges.Load(), false
		err := r.Control(func(fd uintptr) { done = f(fd) })
		if done || err != nil {
			return err
		}
		if err := r.h.f.wait(place, d, seen, op); err != nil {
			return r.h.f.waitError(name, err)
		}
	}
}
