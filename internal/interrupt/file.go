package interrupt

import (
	"context"
	"io"
	"os"

	"github.com/anyio-go/anyio/internal/offload"
)

// A Stream is read and written by calls that can be canceled while they wait. One Read and
// one Write may go on at a time. After Close those who wait get net.ErrClosed.
type Stream interface {
	Read(ctx context.Context, p []byte) (int, error)
	Write(ctx context.Context, p []byte) (int, error)
	io.Closer
}

// OfFile is a Stream of a pipe, a terminal or the like. If the system cannot wait for it, a
// canceled call goes on by itself.
func OfFile(f *os.File) Stream {
	if Usable(f) {
		return &Duplex{D: f, Ops: Ops}
	}
	return offload.NewDuplex(offload.Waking{File: f}, Ops)
}
