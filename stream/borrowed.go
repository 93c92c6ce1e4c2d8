package stream

import (
	"context"
	"sync"
)

// A BorrowingReceiver receives bytes into a buffer that it has only while there is data.
// Sockets do.
type BorrowingReceiver interface {
	ByteReceiveStream
	// ReceiveBorrowed is like Receive, with up to max bytes of a buffer that b takes when
	// data has come. The data is valid until b is used again. Cancellation: no byte is lost,
	// and b has no buffer.
	ReceiveBorrowed(ctx context.Context, b *Borrowed, max int) (data []byte, err error)
}

// A Borrowed has a buffer of a pool while that holds data, so that a thousand connections
// which wait need none. The zero value has none. It is for one task at a time, and must
// not be copied.
//
//	var b stream.Borrowed
//	defer b.Release()
//	for {
//		data, err := s.ReceiveBorrowed(ctx, &b, 4096)
//		…
//	}
type Borrowed struct {
	buf   *[]byte
	class int // the pool that buf is from
}

// lentSizes are the sizes of the buffers.
var lentSizes = [...]int{4 << 10, 16 << 10, 64 << 10}

var lentBuffers [len(lentSizes)]sync.Pool

// Take returns a buffer of max bytes, which must be positive, but not more than 64 KiB: the
// one that b has, if it is large enough. It is for those who implement BorrowingReceiver.
func (b *Borrowed) Take(max int) []byte {
	class := len(lentSizes) - 1
	for class > 0 && max <= lentSizes[class-1] {
		class--
	}
	if b.buf != nil && b.class < class {
		b.Release()
	}
	if b.buf == nil {
		b.class = class
		if b.buf, _ = lentBuffers[class].Get().(*[]byte); b.buf == nil {
			buf := make([]byte, lentSizes[class])
			b.buf = &buf
		}
	}
	return (*b.buf)[:min(max, len(*b.buf))]
}

// Release gives the buffer back, if b has one. What was in it must not be used any more.
func (b *Borrowed) Release() {
	if b.buf != nil {
		lentBuffers[b.class].Put(b.buf)
		b.buf = nil
	}
}
