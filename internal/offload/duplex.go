package offload

import (
	"context"
	"errors"
	"io"
	"net"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Duplex is what is read, written and closed by calls that nothing can interrupt.
type Duplex struct {
	in  *Reader
	out *Writer
	c   io.Closer
	ops *kernel.SocketOps
}

// NewDuplex makes one of rw, which it owns.
func NewDuplex(rw io.ReadWriteCloser, ops *kernel.SocketOps) *Duplex {
	return &Duplex{in: NewReader(rw, nil), out: NewWriter(rw, nil), c: rw, ops: ops}
}

// Read reads at least one byte. Canceled, it leaves a call behind, whose data the next Read
// gets.
func (d *Duplex) Read(ctx context.Context, p []byte) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	return d.in.Read(pl, d.ops.Read, p)
}

// Write writes all of p. Canceled, it leaves a call behind that goes on writing, for which
// the next Write waits: what that has counts as written.
func (d *Duplex) Write(ctx context.Context, p []byte) (int, error) {
	pl, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	return d.out.Write(pl, d.ops.Write, p)
}

// Close lets those go on who wait, and does not wait for the calls that go on. A second
// time is no error.
func (d *Duplex) Close() error {
	d.in.Close()
	d.out.Close()
	if err := d.c.Close(); !errors.Is(err, net.ErrClosed) {
		return err
	}
	return nil
}
