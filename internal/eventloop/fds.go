//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"errors"
	"runtime"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/race"
	"golang.org/x/sys/unix"
)

// fdSize is the size of a descriptor in a control message.
const fdSize = 4

// ReadFDs reads data and descriptors that came with it.
func (c *conn) ReadFDs(ctx context.Context, p []byte, fds []uintptr) (n, nfds int, err error) {
	n, nfds, err = c.f.receiveFDs(ctx, p, fds)
	runtime.KeepAlive(c)
	return n, nfds, err
}

// WriteFDs sends descriptors with the first byte of p.
func (c *conn) WriteFDs(ctx context.Context, p []byte, fds []uintptr) error {
	err := c.f.sendFDs(ctx, p, fds)
	runtime.KeepAlive(c)
	return err
}

func (f *descriptor) receiveFDs(ctx context.Context, p []byte, fds []uintptr) (n, nfds int, err error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return 0, 0, err
	}
	if f.family != unix.AF_UNIX {
		return 0, 0, f.opError("read", errors.ErrUnsupported)
	}
	control := make([]byte, unix.CmsgSpace(fdSize*len(fds)))
	for {
		seen := f.read.edges.Load()
		if !f.use() {
			return 0, 0, f.isClosed(place, "read")
		}
		n, ncontrol, flags, _, err := unix.Recvmsg(f.fd, p, control, fdsFlags)
		f.release()
		switch {
		case err == nil && (n > 0 || len(p) == 0):
			race.WriteRange(p[:n])
			nfds, err := netconn.TakeFDs(control[:ncontrol], flags, fds)
			if fdsFlags == 0 {
				for _, fd := range fds[:nfds] {
					unix.CloseOnExec(int(fd))
				}
			}
			if err != nil && err != kernel.ErrDescriptorsCut {
				err = f.opError("read", err)
			}
			return n, nfds, err
		case err == nil:
			return 0, 0, f.ended(place)
		case err == unix.EINTR:
			continue
		case !again(code(err)):
			return 0, 0, f.failed(place, "read", "recvmsg", code(err))
		}
		if err := f.wait(place, &f.read, seen, f.kind.ops.Read); err != nil {
			return 0, 0, f.waitError("read", err)
		}
	}
}

func (f *descriptor) sendFDs(ctx context.Context, p []byte, fds []uintptr) error {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if f.family != unix.AF_UNIX {
		return f.opError("write", errors.ErrUnsupported)
	}
	if len(p) == 0 { // descriptors do not travel alone
		return f.callError("write", "sendmsg", unix.EINVAL)
	}
	numbers := make([]int, len(fds))
	for i, fd := range fds {
		numbers[i] = int(fd)
	}
	control := unix.UnixRights(numbers...)
	race.ReadRange(p)
	for {
		seen := f.write.edges.Load()
		if !f.use() {
			return f.isClosed(place, "write")
		}
		n, err := unix.SendmsgN(f.fd, p, control, nil, sendFlags)
		f.release()
		switch {
		case err == nil:
			_, err := f.sendRest(place, p, n, errnoNone)
			return err
		case err == unix.EINTR:
			continue
		case !again(code(err)):
			return f.failed(place, "write", "sendmsg", code(err))
		}
		if err := f.wait(place, &f.write, seen, f.kind.ops.Write); err != nil {
			return f.waitError("write", err)
		}
	}
}
