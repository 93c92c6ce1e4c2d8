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
// On Linux what comes in bulk from a socket, or is in a file, goes to another socket inside
// the system, as io.Copy has it, by splice(2) and sendfile(2).
//
// Cancellation: up to 32 KiB that were received, or 256 KiB between two sockets, may have
// been sent in part or not at all.
func Copy(ctx context.Context, dst ByteSendStream, src ByteReceiveStream) (sent int64, err error) {
	_, bulk := src.(*FileReadStream)
	buf := copyBuffers.Get().(*[copySize]byte)
	defer copyBuffers.Put(buf)
	for moved := false; ; {
		if bulk && !moved {
			n, over, err := move(ctx, dst, src)
			if sent += n; over {
				return sent, err
			}
			moved = true
		}
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
		bulk = n == copySize // only then is a pipe worth its while
	}
}
