package kernel

import (
	"context"
	"errors"
	"syscall"
)

// A Ready is told by a socket of a loop's backend that an attempt which found nothing to
// do may be made again: Readable after TryRead, TryReadFrom, TryAccept and TryHangup,
// Writable after TryWrite and TryWriteTo. Each is called once for such an attempt, and
// at once if there was news during it; also when the socket is closed. It may be for
// nothing: the attempt decides.
//
// The calls come at any time and on any goroutine, also within another one's step, but
// never within the attempt. They must not block, nor use the socket: they are to make
// something ready that does.
type Ready interface {
	Readable()
	Writable()
}

// ErrWouldBlock is what an attempt returns that finds nothing to do.
var ErrWouldBlock = errors.New("anyio: the operation would block")

// A Watchable is the face that a socket of a loop's backend has for callbacks: nobody
// waits, so that a socket on which nothing happens costs no more than its own state.
// Its attempts are no schedule points and know no cancellation; their errors are those
// of the blocking calls. Blocking calls may be made besides; whoever is first gets what
// there is.
type Watchable interface {
	// Watch makes r be told from now on, instead of who was told before; nil ends that.
	// A socket that is watched is not closed when nobody holds it any more.
	Watch(r Ready)
	// PauseReading lets what arrives cost nothing until ResumeReading. Who was to be told
	// Readable is not.
	PauseReading()
	// ResumeReading ends that. Another attempt must be made then.
	ResumeReading()
}

// A TryStream is a StreamConn that need not wait.
type TryStream interface {
	StreamConn
	Watchable
	// TryRead reads at least one byte.
	TryRead(p []byte) (int, error)
	// TryWrite writes what the socket takes; if that is not all, it tells why. After
	// ErrWouldBlock the next write, also one that blocks, must begin with what was left: it
	// may be on its way already. So it is with TryWriteTo, and the datagram.
	TryWrite(p []byte) (int, error)
}

// A Drainer is a TryStream that knows when nothing is left to read.
type Drainer interface {
	// Drained reports that TryRead would find nothing now, and counts as such an attempt:
	// Readable is called. If it reports false, another attempt has to tell.
	Drained() bool
}

// A TryListener is a StreamListener that need not wait.
type TryListener interface {
	StreamListener
	Watchable
	// TryAccept takes a connection, which is a TryStream.
	TryAccept() (StreamConn, error)
}

// A TryPacket is a PacketConn that need not wait.
type TryPacket interface {
	PacketConn
	Watchable
	TryReadFrom(p []byte) (n int, from Addr, err error)
	TryWriteTo(p []byte, to Addr) error
}

// A TryFile is an end of a pipe, a terminal, or another descriptor that the system can
// tell to be ready.
type TryFile interface {
	Watchable
	TryRead(p []byte) (int, error)
	TryWrite(p []byte) (int, error)
	// TryHangup returns nil when the other end is gone. Readable tells. The error matches
	// errors.ErrUnsupported where only who writes is told.
	TryHangup() error
	// TryReady returns nil when the descriptor is readable, or writable.
	TryReady(write bool) error
	SyscallConn() (syscall.RawConn, error)
	Close() error
}

// A TryNetwork is a Network whose sockets are Watchable.
type TryNetwork interface {
	Network
	// TryFile makes a descriptor non-blocking and takes it over, also if it fails. With
	// lend it is left as it is, and stays the caller's, who closes it after the TryFile; the
	// error matches syscall.EBUSY if it is that of a socket that somebody watches, and
	// errors.ErrUnsupported where nothing tells of a descriptor that nobody reads or writes.
	TryFile(fd uintptr, lend bool) (TryFile, error)
}

// errNoCallbacks matches errors.ErrUnsupported.
type errNoCallbacks struct{}

//go:norace
func (errNoCallbacks) Error() string {
	return "anyio: callbacks of sockets need a backend whose loop makes them: use anyio.EventLoop() or package sim"
}

//go:norace
func (errNoCallbacks) Is(target error) bool { return target == errors.ErrUnsupported }

// TryNetworkOf is the socket layer of the run that ctx belongs to, if it has callbacks.
//
//go:norace
func TryNetworkOf(ctx context.Context) (TryNetwork, error) { return Try[TryNetwork](NetworkOf(ctx)) }

// Try is the face of a socket for callbacks, if it has one.
//
//go:norace
func Try[T any](socket any) (T, error) {
	t, ok := socket.(T)
	if !ok {
		return t, errNoCallbacks{}
	}
	return t, nil
}
