//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"net"
	"runtime"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"golang.org/x/sys/unix"
)

// nowhere is the place of those who do not wait: nothing is canceled there.
var nowhere kernel.Place

// TryRead reads what is there.
func (c *conn) TryRead(p []byte) (int, error) {
	f := c.f
	defer runtime.KeepAlive(c)
	if len(p) == 0 {
		return 0, f.nothing(nowhere, "read")
	}
	for {
		n, errno := f.tryReceive(p)
		switch {
		case n > 0:
			return n, nil
		case errno != unix.EAGAIN:
			return 0, f.noData(nowhere, errno)
		}
		if err := f.block(&f.read, f.read.dry, "read"); err != nil {
			return 0, err
		}
	}
}

// Drained reports whether the last read has emptied the socket, and no news came since.
func (c *conn) Drained() bool {
	f := c.f
	seen := f.read.edges.Load()
	drained := f.read.dry == seen && f.block(&f.read, seen, "read") == kernel.ErrWouldBlock
	runtime.KeepAlive(c)
	return drained
}

// TryWrite writes what the socket takes.
func (c *conn) TryWrite(p []byte) (int, error) {
	f := c.f
	defer runtime.KeepAlive(c)
	if len(p) == 0 {
		return 0, f.nothing(nowhere, "write")
	}
	for sum := 0; ; {
		n, errno := f.trySend(p[sum:])
		switch sum += n; {
		case errno == errnoClosed:
			return sum, f.isClosed(nowhere, "write")
		case errno == unix.EAGAIN:
			if err := f.block(&f.write, f.write.dry, "write"); err != nil {
				return sum, err
			}
		case errno != 0:
			return sum, f.callError("write", "write", errno)
		case sum == len(p):
			return sum, nil
		}
	}
}

// TryAccept takes a connection.
func (l *listener) TryAccept() (kernel.StreamConn, error) {
	f := l.f
	defer runtime.KeepAlive(l)
	for {
		seen := f.read.edges.Load()
		if f.read.dry != seen {
			if c, err, none := f.tryAccept(nowhere, seen); err != nil {
				return nil, err
			} else if !none {
				return newConn(c), nil
			}
		}
		if err := f.block(&f.read, seen, "accept"); err != nil {
			return nil, err
		}
	}
}

// TryReadFrom takes a datagram.
func (c *packetConn) TryReadFrom(p []byte) (int, kernel.Addr, error) {
	f := c.f
	defer runtime.KeepAlive(c)
	for {
		seen := f.read.edges.Load()
		if f.read.dry != seen {
			if n, from, err, none := f.tryReceiveFrom(nowhere, p, seen); !none {
				return n, from, err
			}
		}
		if err := f.block(&f.read, seen, "read"); err != nil {
			return 0, kernel.Addr{}, err
		}
	}
}

// TryWriteTo sends a datagram.
func (c *packetConn) TryWriteTo(p []byte, to kernel.Addr) error {
	f := c.f
	defer runtime.KeepAlive(c)
	if f.connected && to != (kernel.Addr{}) {
		return netaddr.OpError("write", "", f.kind.name, f.local(), to, net.ErrWriteToConnected)
	}
	for {
		seen := f.write.edges.Load()
		if f.write.dry != seen {
			none, full, err := f.trySendTo(nowhere, p, to, seen)
			switch {
			case !none:
				return err
			case full:
				f.retry()
				return kernel.ErrWouldBlock
			}
		}
		if err := f.block(&f.write, seen, "write"); err != nil {
			return err
		}
	}
}

// retryPause is how long a datagram waits that has found a full queue at somebody
// else's socket.
const retryPause = 4 * time.Millisecond

// A retry tells who watches a descriptor that it is writable, some time later.
type retry struct {
	f     *descriptor
	timer kernel.Timer
}

func (r *retry) Fire() {
	r.f.mu.Lock()
	r.f.watched.retrying = false
	told := r.f.watched.due(false, true)
	r.f.mu.Unlock()
	told.tell()
}

// retry lets another attempt to write be made.
func (f *descriptor) retry() {
	f.mu.Lock()
	begin := f.watched.by != nil && !f.watched.retrying
	f.watched.writing = f.watched.by != nil
	f.watched.retrying = f.watched.retrying || begin
	f.mu.Unlock()
	if begin {
		r := &retry{f: f}
		r.timer.Value, r.timer.When = r, f.net.b.Now()+int64(retryPause)
		f.net.b.Arm(&r.timer)
	}
}

var (
	_ kernel.TryStream   = (*conn)(nil)
	_ kernel.Drainer     = (*conn)(nil)
	_ kernel.TryListener = (*listener)(nil)
	_ kernel.TryPacket   = (*packetConn)(nil)
	_ kernel.TryNetwork  = (*network)(nil)
)
