package interrupt

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
)

// A Deadlined is what has deadlines that interrupt its calls, such as a net.Conn.
type Deadlined interface {
	SetReadDeadline(time.Time) error
	SetWriteDeadline(time.Time) error
	Close() error
}

// Ops are what a task waits for at something that somebody gave us.
var Ops = kernel.NewSocketOps("Conn")

// A Duplex makes the calls of a Deadlined.
type Duplex struct {
	D       Deadlined // an io.ReadWriter, if it moves bytes
	Ops     *kernel.SocketOps
	Reading Side
	Writing Side
	reset   atomic.Pointer[error] // of the connection, that only a canceled call was told
}

// Usable reports whether deadlines can be set on d, and removes them. The calls on what is
// closed already need none.
func Usable(d Deadlined) bool {
	return usable(d.SetReadDeadline(time.Time{})) && usable(d.SetWriteDeadline(time.Time{}))
}

func usable(err error) bool { return err == nil || errors.Is(err, net.ErrClosed) }

// past is a deadline that has passed.
var past = time.Unix(1, 0)

// reading and writing interrupt the calls in one direction.
type (
	reading Duplex
	writing Duplex
)

func (d *reading) Interrupt() { _ = d.D.SetReadDeadline(past) }
func (d *writing) Interrupt() { _ = d.D.SetWriteDeadline(past) }

func (d *reading) Resume(err error) {
	_ = d.D.SetReadDeadline(time.Time{})
	(*Duplex)(d).told(err)
}

func (d *writing) Resume(err error) {
	_ = d.D.SetWriteDeadline(time.Time{})
	(*Duplex)(d).told(err)
}

// told remembers what the system tells once.
func (d *Duplex) told(err error) {
	if netaddr.IsReset(err) {
		d.reset.Store(&err)
	}
}

// Receive makes a call that a read deadline interrupts, see Do.
func Receive[A, R any](d *Duplex, p kernel.Place, op kernel.Op, a A, f func(A) (R, bool, error)) (R, error) {
	return Do(&d.Reading, (*reading)(d), p, op, a, f)
}

// Send makes a call that a write deadline interrupts, see Do.
func Send[A, R any](d *Duplex, p kernel.Place, op kernel.Op, a A, f func(A) (R, bool, error)) (R, error) {
	return Do(&d.Writing, (*writing)(d), p, op, a, f)
}

// A from and a to are a call that moves bytes.
type (
	from struct {
		r io.Reader
		p []byte
	}
	to struct {
		w io.Writer
		p []byte
	}
)

func (f from) read() (n int, done bool, err error) {
	n, err = f.r.Read(f.p)
	return n, n > 0, err
}

func (t to) write() (n int, done bool, err error) {
	n, err = t.w.Write(t.p)
	return n, n == len(t.p), err
}

func (d *Duplex) rw() io.ReadWriter { return d.D.(io.ReadWriter) }

// Read reads at least one byte. Canceled, it has read none. It does by itself what Do does,
// as Write: the stack of each of ten thousand connections is as big as its deepest call.
func (d *Duplex) Read(ctx context.Context, p []byte) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if pl.RunningTask() != nil {
		return d.readElsewhere(pl, p)
	}
	n := 0
	x, err := d.Reading.begin(pl, d.Ops.Read, (*reading)(d))
	if err == nil {
		n, err = d.rw().Read(p)
		if canceled := x.End(pl, err != nil); canceled != nil {
			err = resume((*reading)(d), n > 0, err, canceled)
		}
	}
	if err != nil {
		return d.HasRead(n, err)
	}
	return n, nil
}

//go:noinline
func (d *Duplex) readElsewhere(pl kernel.Place, p []byte) (int, error) {
	n, err := elsewhere(&d.Reading, (*reading)(d), pl, d.Ops.Read, from{d.rw(), p}, from.read)
	return d.HasRead(n, err)
}

// HasRead is what a Read returns: an error that comes with data comes again.
//
//go:noinline
func (d *Duplex) HasRead(n int, err error) (int, error) {
	if n > 0 || err == nil {
		return n, nil
	}
	if reset := d.reset.Load(); reset != nil && err == io.EOF {
		err = *reset
	}
	return 0, d.Failed(err)
}

// Write writes all of p, or tells how much it has written.
func (d *Duplex) Write(ctx context.Context, p []byte) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	if pl.RunningTask() != nil {
		return d.writeElsewhere(pl, p)
	}
	n := 0
	x, err := d.Writing.begin(pl, d.Ops.Write, (*writing)(d))
	if err == nil {
		n, err = d.rw().Write(p)
		if canceled := x.End(pl, err != nil); canceled != nil {
			err = resume((*writing)(d), n == len(p), err, canceled)
		}
	}
	if err != nil {
		err = d.Failed(err)
	}
	return n, err
}

//go:noinline
func (d *Duplex) writeElsewhere(pl kernel.Place, p []byte) (int, error) {
	n, err := elsewhere(&d.Writing, (*writing)(d), pl, d.Ops.Write, to{d.rw(), p}, to.write)
	return n, d.Failed(err)
}

// Failed is the error of a call: net.ErrClosed after Close, also where what somebody gave
// us has an error of its own for that.
//
//go:noinline
func (d *Duplex) Failed(err error) error {
	if err == nil || d.Ops != Ops || !d.Closed() || errors.Is(err, net.ErrClosed) || errors.Is(err, context.Canceled) {
		return netaddr.Portable(err)
	}
	return net.ErrClosed
}

// Closing precedes the closing of D.
func (d *Duplex) Closing() {
	d.Reading.Close()
	d.Writing.Close()
}

// Closed reports whether Closing has been called.
func (d *Duplex) Closed() bool { return d.Writing.Closed() }

// Close closes D; those who wait get net.ErrClosed. A second time is no error.
func (d *Duplex) Close() error {
	d.Closing()
	if err := d.D.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
