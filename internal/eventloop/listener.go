//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"os"
	"runtime"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

// A listener accepts stream sockets.
type listener struct {
	handle
	backlog int
}

func newListener(f *descriptor, backlog int) *listener {
	l := &listener{handle{f}, backlog}
	l.guard()
	return l
}

// longestBacklog is more than systems allow, which they cut down to their limit.
const longestBacklog = 65535

// ListenStream makes a stream socket that accepts.
func (n *network) ListenStream(ctx context.Context, o kernel.SocketOptions) (kernel.StreamListener, error) {
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	family := familyOf(o, o.Local)
	f, err := n.listen(o, family)
	if err != nil && family == unix.AF_INET6 && o.Network == "tcp" && !o.V6Only && !o.Local.IP.Addr().IsValid() {
		if f4, err4 := n.listen(o, unix.AF_INET); err4 == nil { // there is no IPv6 here
			f, err = f4, nil
		}
	}
	if err != nil {
		return nil, asOpError("listen", kindOf(o), o.Local, kernel.Addr{}, err)
	}
	return newListener(f, o.Backlog), nil
}

func (n *network) listen(o kernel.SocketOptions, family int) (*descriptor, error) {
	f, err := n.socket(o, family)
	if err != nil {
		return nil, err
	}
	defer f.release()
	if err := f.listen(o); err != nil {
		f.close()
		return nil, err
	}
	f.lies(nil, localAddress(f.fd), kernel.Addr{})
	return f, nil
}

func (f *descriptor) listen(o kernel.SocketOptions) error {
	if f.family != unix.AF_UNIX {
		if err := setOption(f.fd, unix.SOL_SOCKET, unix.SO_REUSEADDR, 1); err != nil {
			return err
		}
	}
	if f.family == unix.AF_INET6 {
		only := 0
		if o.V6Only || o.Network == "tcp6" {
			only = 1
		}
		if err := setOption(f.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, only); err != nil {
			return err
		}
	}
	if err := f.bind(o.Local); err != nil {
		return err
	}
	backlog := o.Backlog
	if backlog <= 0 {
		backlog = longestBacklog
	}
	if err := unix.Listen(f.fd, min(backlog, longestBacklog)); err != nil {
		return os.NewSyscallError("listen", err)
	}
	return nil
}

// Accept waits for a connection.
func (l *listener) Accept(ctx context.Context) (kernel.StreamConn, error) {
	f, err := l.f.accept(ctx)
	runtime.KeepAlive(l)
	if err != nil {
		return nil, err
	}
	f.makeReader()
	return newConn(f), nil
}

func (f *descriptor) accept(ctx context.Context) (*descriptor, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	for {
		seen := f.read.edges.Load()
		if f.read.dry != seen {
			if c, err, none := f.tryAccept(place, seen); !none {
				return c, err
			}
		}
		if err := f.wait(place, &f.read, seen, f.kind.ops.Accept); err != nil {
			return nil, f.waitError("accept", err)
		}
	}
}

// tryAccept takes a connection; none means that there is none, and nothing failed.
//
//go:noinline
func (f *descriptor) tryAccept(place kernel.Place, seen uint64) (c *descriptor, err error, none bool) {
	for {
		if !f.use() {
			return nil, f.isClosed(place, "accept"), false
		}
		fd, from, errno := accept(f.fd)
		f.release()
		switch {
		case errno == 0:
			c, err := f.accepted(fd, from)
			return c, err, false
		case errno == unix.EINTR, errno == unix.ECONNABORTED:
			continue // the connection was gone before we came
		case !again(errno):
			return nil, f.failed(place, "accept", "accept", errno), false
		}
		f.read.dry = seen
		return nil, nil, true
	}
}

// accepted makes a connection of what the system has given.
func (f *descriptor) accepted(fd int, from kernel.Addr) (*descriptor, error) {
	local, like := f.local(), f.ends
	if f.kind == kindTCP {
		if local.IP.Addr().IsUnspecified() { // a machine has few addresses
			local, like = localAddress(fd), f.net.lately.Load()
		}
		if !optionsAreInherited { // to set them fails if the connection is gone already
			_ = setOption(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
			_ = setOption(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 1)
		}
	}
	c, err := f.net.open(fd, f.kind)
	if err != nil {
		return nil, f.opError("accept", err)
	}
	c.family, c.connected = f.family, true
	c.lies(like, local, from)
	f.net.lately.Store(c.ends)
	return c, nil
}
