//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"net"
	"runtime"
	"syscall"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netaddr"
	"golang.org/x/sys/unix"
)

// A packetConn is a datagram socket.
type packetConn struct{ handle }

func newPacketConn(f *descriptor) *packetConn {
	c := &packetConn{handle{f}}
	c.guard()
	return c
}

// OpenPacket makes a datagram socket.
func (n *network) OpenPacket(ctx context.Context, o kernel.SocketOptions) (kernel.PacketConn, error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return nil, err
	}
	f, err := n.packet(place, o)
	if err != nil {
		op := "listen"
		if o.Remote != (kernel.Addr{}) {
			op = "dial"
		}
		return nil, asOpError(op, kindOf(o), o.Local, o.Remote, err)
	}
	return newPacketConn(f), nil
}

func (n *network) packet(place kernel.Place, o kernel.SocketOptions) (*descriptor, error) {
	connect := o.Remote != kernel.Addr{}
	decides := o.Local
	if connect {
		decides = o.Remote
	}
	f, err := n.socket(o, familyOf(o, decides))
	if err != nil {
		return nil, err
	}
	defer f.release()
	if f.family == unix.AF_INET6 {
		err = setOption(f.fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1)
	}
	if err == nil && (o.Local != kernel.Addr{} || f.kind == kindUDP && !connect) {
		err = f.bind(o.Local)
	}
	if err == nil && connect {
		err = f.connect(place, o.Remote)
	}
	if err != nil {
		f.close()
		return nil, err
	}
	f.lies(nil, localAddress(f.fd), f.remote())
	return f, nil
}

// ReadFrom receives one datagram.
func (c *packetConn) ReadFrom(ctx context.Context, p []byte) (int, kernel.Addr, error) {
	n, from, err := c.f.receiveFrom(ctx, p)
	runtime.KeepAlive(c)
	return n, from, err
}

// WriteTo sends one datagram.
func (c *packetConn) WriteTo(ctx context.Context, p []byte, to kernel.Addr) error {
	err := c.f.sendDatagram(ctx, p, to)
	runtime.KeepAlive(c)
	return err
}

func (f *descriptor) receiveFrom(ctx context.Context, p []byte) (n int, from kernel.Addr, err error) {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return 0, from, err
	}
	for {
		seen := f.read.edges.Load()
		if f.read.dry != seen {
			var none bool
			if n, from, err, none = f.tryReceiveFrom(place, p, seen); !none {
				return n, from, err
			}
		}
		if err := f.wait(place, &f.read, seen, f.kind.ops.Read); err != nil {
			return 0, from, f.waitError("read", err)
		}
	}
}

// tryReceiveFrom receives a datagram; none means that there is none, and nothing failed.
//
//go:noinline
func (f *descriptor) tryReceiveFrom(place kernel.Place, p []byte, seen uint64) (n int, from kernel.Addr, err error, none bool) {
	for {
		if !f.use() {
			return 0, from, f.isClosed(place, "read"), false
		}
		var errno syscall.Errno
		if f.connected {
			n, errno = recv(f.fd, p)
		} else {
			n, from, errno = recvFrom(f.fd, p)
		}
		f.release()
		switch {
		case errno == 0:
			return n, from, nil, false
		case errno == unix.EINTR:
			continue
		case !again(errno):
			return 0, from, f.failed(place, "read", "recvfrom", errno), false
		}
		f.read.dry = seen
		return 0, from, nil, true
	}
}

// Pauses between attempts to send to a UNIX socket whose queue is full.
const (
	firstPause = time.Millisecond
	lastPause  = 32 * time.Millisecond
)

func (f *descriptor) sendDatagram(ctx context.Context, p []byte, to kernel.Addr) error {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	if f.connected && to != (kernel.Addr{}) {
		return netaddr.OpError("write", "", f.kind.name, f.local(), to, net.ErrWriteToConnected)
	}
	for pause := firstPause; ; {
		seen := f.write.edges.Load()
		if f.write.dry != seen {
			none, full, err := f.trySendTo(place, p, to, seen)
			switch {
			case !none:
				return err
			case full:
				if err := f.pause(place, pause); err != nil {
					return f.waitError("write", err)
				}
				pause = min(2*pause, lastPause)
				continue
			}
		}
		if err := f.wait(place, &f.write, seen, f.kind.ops.Write); err != nil {
			return f.waitError("write", err)
		}
	}
}

// trySendTo sends a datagram; none means that there is no room for it, and nothing failed:
// with full, at somebody else's socket, of which nothing tells when there is.
//
//go:noinline
func (f *descriptor) trySendTo(place kernel.Place, p []byte, to kernel.Addr, seen uint64) (none, full bool, err error) {
	for {
		if !f.use() {
			return false, false, f.isClosed(place, "write")
		}
		var errno syscall.Errno
		if f.connected {
			_, errno = send(f.fd, p)
		} else {
			errno = sendTo(f.fd, p, to, int(f.family))
		}
		f.release()
		switch {
		case errno == 0:
			return false, false, nil
		case errno == unix.EINTR:
			continue
		case f.peerIsFull(errno):
			return true, true, nil
		case !again(errno):
			return false, false, place.CanceledOr(netaddr.OpError("write", "sendto", f.kind.name, f.local(), to, errno))
		}
		f.write.dry = seen
		return true, false, nil
	}
}

// A pause is a wait that ends by itself.
type pause struct {
	kernel.Blocker
	timer kernel.Timer
}

func (w *pause) Fire() {
	if w.Wake() {
		w.Unpark()
	}
}

// pause waits for a while before another attempt to write. The errors are those of wait.
func (f *descriptor) pause(place kernel.Place, d time.Duration) error {
	w, run := &pause{}, place.Run()
	w.Init()
	w.timer.Value = w
	w.Prepare(place, f.kind.ops.Write)
	f.mu.Lock()
	if f.closed() {
		f.mu.Unlock()
		return place.CanceledOr(errClosed)
	}
	f.write.waiters.Push(&w.Node)
	f.mu.Unlock()
	w.timer.When = run.After(d)
	run.Arm(&w.timer)
	err := w.Wait(place)
	run.Disarm(&w.timer)
	f.mu.Lock()
	f.write.waiters.Remove(&w.Node)
	f.mu.Unlock()
	if err == nil && w.Index == byClose {
		err = errClosed
	}
	return err
}

// peerIsFull reports whether a datagram found the receiver's queue full, in a case
// in which the poller will not tell when it no longer is.
func (f *descriptor) peerIsFull(errno syscall.Errno) bool {
	return f.kind == kindUnixgram && (errno == unix.ENOBUFS || again(errno) && !f.connected)
}
