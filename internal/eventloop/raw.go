//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"runtime"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

var (
	_ kernel.RawStream  = (*conn)(nil)
	_ kernel.LentStream = (*conn)(nil)
)

// ReadRaw implements kernel.RawStream.
func (c *conn) ReadRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error) {
	return c.raw(ctx, "read", &c.f.read, c.f.kind.ops.Read, f)
}

// WriteRaw implements kernel.RawStream.
func (c *conn) WriteRaw(ctx context.Context, f func(fd uintptr) (int, error)) (int, error) {
	return c.raw(ctx, "write", &c.f.write, c.f.kind.ops.Write, f)
}

func (c *conn) raw(ctx context.Context, name string, d *direction, op kernel.Op, f func(fd uintptr) (int, error)) (int, error) {
	defer runtime.KeepAlive(c)
	place, err := kernel.Enter(ctx)
	if err != nil {
		return 0, err
	}
	for {
		seen := d.edges.Load()
		if d.dry != seen {
			n, err, again := c.f.call(place, name, d, f)
			if !again {
				return n, err
			}
			d.dry = seen
		}
		if err := c.f.wait(place, d, seen, op); err != nil {
			return 0, c.f.waitError(name, err)
		}
	}
}

// call makes a call on the descriptor; again means that there was nothing to do.
func (f *descriptor) call(place kernel.Place, name string, d *direction, do func(fd uintptr) (int, error)) (n int, err error, again bool) {
	if !f.use() {
		return 0, f.isClosed(place, name), false
	}
	defer f.release()
	for {
		n, err := do(uintptr(f.fd))
		switch errno, _ := err.(syscall.Errno); {
		case err == nil && n == 0 && d == &f.read:
			return 0, f.ended(place), false
		case err == nil:
			return n, nil, false
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			return 0, nil, true
		case errno != 0:
			return n, f.failed(place, name, name, errno), false
		}
		return n, err, false
	}
}
