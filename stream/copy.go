package stream

import (
	"context"
	"errors"
	"sync"

	"github.com/anyio-go/anyio"
)

const copySize = 32 << 10

var copyBuffers = sync.Pool{New: func() any { return new([copySize]byte) }}

// Copy receives from one byte stream and sends to another until the first one ends,
// which is not an error, and returns how many bytes were sent. It closes nothing and
// does not send the end: what the end means for dst is for the caller to say, by
// SendEOF or Close. A relay between two streams is two tasks that each Copy one
// direction.
//
// Cancellation: up to 32 KiB that were received may have been sent in part or not at
// all.
func Copy(ctx context.Context, dst ByteSendStream, src ByteReceiveStream) (sent int64, err error) {
	buf := copyBuffers.Get().(*[copySize]byte)
	defer copyBuffers.Put(buf)
	for {
		n, err := src.Receive(ctx, buf[:])
		if errors.Is(err, anyio.ErrEndOfStream) {
			return sent, nil
		}
		if err == nil {
			err = dst.Send(ctx, buf[:n])
		}
		if err != nil {
			return sent, err
		}
		sent += int64(n)
	}
}
