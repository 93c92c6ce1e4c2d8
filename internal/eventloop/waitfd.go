//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"context"
	"os"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
	"golang.org/x/sys/unix"
)

// A watch is a descriptor of the user's for which WaitFD waits, in one or both
// directions. It is gone with the last of them: nobody tells us when the user
// closes the descriptor.
type watch struct {
	f       *descriptor
	reading bool // this and what follows is guarded by network.mu
	writing bool
}

// busy is the flag of a direction.
func (w *watch) busy(write bool) *bool {
	if write {
		return &w.writing
	}
	return &w.reading
}

// WaitFD waits until fd is readable or writable.
func (n *network) WaitFD(ctx context.Context, fd uintptr, write bool) error {
	place, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	n = n.lead
	w, err := n.watch(int(fd), write)
	if err != nil {
		return fdError(err)
	}
	defer n.unwatch(int(fd), w, write)
	d, op := &w.f.read, w.f.kind.ops.Read
	if write {
		d, op = &w.f.write, w.f.kind.ops.Write
	}
	for {
		seen := d.edges.Load()
		ready, err := netconn.IsReady(int(fd), write)
		switch {
		case w.f.closed(): // fd may be another file by now
			return place.CanceledOr(fdError(errClosed))
		case err != nil:
			return place.CanceledOr(fdError(err))
		case ready:
			return nil
		}
		if err := w.f.wait(place, d, seen, op); err != nil {
			return w.f.waitError("wait", err)
		}
	}
}

func fdError(err error) error {
	return asOpError("wait", kindFD, kernel.Addr{}, kernel.Addr{}, err)
}

// watch begins a wait in one direction.
func (n *network) watch(fd int, write bool) (*watch, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.ended {
		return nil, os.ErrClosed
	}
	w := n.watches[fd]
	if w == nil {
		f := &descriptor{net: n, fd: fd, kind: kindFD, lent: true}
		f.refs.Store(1)
		n.enlistLocked(f)
		w = &watch{f: f}
		if n.watches == nil {
			n.watches = make(map[int]*watch)
		}
		n.watches[fd] = w
	}
	if *w.busy(write) {
		return nil, unix.EBUSY
	}
	*w.busy(write) = true
	return w, nil
}

// unwatch ends a wait, and forgets the descriptor if it was the last one.
func (n *network) unwatch(fd int, w *watch, write bool) {
	n.mu.Lock()
	*w.busy(write) = false
	last := !w.reading && !w.writing
	if last && n.watches[fd] == w {
		delete(n.watches, fd)
	}
	n.mu.Unlock()
	if last {
		w.f.close()
	}
}

// NotifyClosing wakes those who wait for fd with net.ErrClosed.
func (n *network) NotifyClosing(_ context.Context, fd uintptr) {
	n = n.lead
	n.mu.Lock()
	w := n.watches[int(fd)]
	delete(n.watches, int(fd))
	n.mu.Unlock()
	if w != nil {
		w.f.close()
	}
}
