package kernel

import "context"

// A RawStream is a StreamConn on whose descriptor others make calls. The error matches
// errors.ErrUnsupported if it has none after all.
type RawStream interface {
	StreamConn
	// ReadRaw calls f when there may be something to read, and again as long as its error
	// is syscall.EAGAIN, and returns what it did last; 0 without an error is the end of the
	// stream. The call must not block, nor keep the descriptor. Cancellation: f was not
	// called, or has returned syscall.EAGAIN.
	ReadRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error)
	// WriteRaw is the same for what writes; 0 means nothing to it.
	WriteRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error)
}

// A LentStream is a StreamConn that reads to a buffer which it has only while there is
// data.
type LentStream interface {
	StreamConn
	// ReadLent reads as Read does, up to max bytes to a buffer that it takes from b, which
	// has none while the call waits.
	ReadLent(ctx context.Context, b Lender, max int) (int, error)
}

// A Lender lends a buffer, the same one until that is released.
type Lender interface {
	Take(max int) []byte
	Release()
}
