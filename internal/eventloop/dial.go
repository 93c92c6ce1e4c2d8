//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"os"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

// DialStream connects a stream socket.
func (n *network) DialStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamConn, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		f, err := n.dial(place, o)
		switch {
		case err != nil:
			return nil, asOpError("dial", kindOf(o), o.Local, o.Remote, err)
		case try < 3 && f.kind == kindTCP && f.local() == f.remote() && o.Local.IP.Port() == 0:
			f.close() // it has met itself at a port that it chose by chance
		default:
			return newConn(f), nil
		}
	}
}

func (n *network) dial(place kernel.Place, o kernel.SocketOptions) (*descriptor, error) {
	f, err := n.socket(o, familyOf(o, o.Remote))
	if err != nil {
		return nil, err
	}
	defer f.release()
	if o.Local != (kernel.Addr{}) {
		err = f.bind(o.Local)
	}
	if err == nil {
		err = f.connect(place, o.Remote)
	}
	if err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// connect connects the socket and waits until it is.
func (f *descriptor) connect(place kernel.Place, to kernel.Addr) error {
	sa, err := sockaddr(to, int(f.family))
	if err != nil {
		return os.NewSyscallError("connect", err)
	}
	seen := f.write.edges.Load()
	switch err := unix.Connect(f.fd, sa); err {
	case nil, unix.EISCONN:
	case unix.EINPROGRESS, unix.EALREADY, unix.EINTR:
		if err := f.finishConnect(place, seen); err != nil {
			return err
		}
	default:
		return os.NewSyscallError("connect", err)
	}
	f.connected = true
	f.lies(nil, localAddress(f.fd), to)
	if f.family == unix.AF_UNIX {
		return nil
	}
	if to.IP.Port() == 0 || !to.IP.Addr().IsValid() || to.IP.Addr().IsUnspecified() { // the system chose
		if peer, err := unix.Getpeername(f.fd); err == nil {
			f.peer = address(peer).IP
		}
	}
	return nil
}

// finishConnect waits until a connection is made or refused.
func (f *descriptor) finishConnect(place kernel.Place, seen uint64) error {
	for {
		if err := f.wait(place, &f.write, seen, f.kind.ops.Dial); err != nil {
			return err
		}
		seen = f.write.edges.Load()
		errno, err := unix.GetsockoptInt(f.fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err != nil {
			return os.NewSyscallError("getsockopt", err)
		}
		switch errno := syscall.Errno(errno); errno {
		case 0, unix.EISCONN:
			if _, err := unix.Getpeername(f.fd); err == nil {
				return nil
			}
		case unix.EINPROGRESS, unix.EALREADY, unix.EINTR:
		default: // also what becomes of it when its listener is closed after a cancellation
			return place.CanceledOr(os.NewSyscallError("connect", errno))
		}
	}
}
