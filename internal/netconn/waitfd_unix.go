//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package netconn

import (
	"context"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/poll"
)

// watcher waits for descriptors of the user's, for all who call WaitFD. One
// goroutine drives a poller as long as anybody waits; then both are gone.
var watcher struct {
	mu      sync.Mutex // guards what follows
	driver  *driver    // nil: nobody waits
	waiting map[fdSide]*fdWait
}

// An fdSide is one direction of a descriptor.
type fdSide struct {
	fd    int
	write bool
}

// An fdWait is a call of WaitFD that waits.
type fdWait struct {
	kernel.Blocker
	err error // written by who wakes it
}

// A driver is the goroutine with the poller.
type driver struct {
	poller *poll.Poller
	todo   []int // descriptors to look at anew; guarded by watcher.mu
}

// WaitFD waits until fd is readable or writable. See kernel.Network.
func (Network) WaitFD(ctx context.Context, fd uintptr, write bool) error {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return err
	}
	side := fdSide{int(fd), write}
	ready, err := IsReady(side.fd, side.write)
	if err != nil {
		return fdError(side, err)
	}
	op := kernel.OpWaitReadable
	if write {
		op = kernel.OpWaitWritable
	}
	w := &fdWait{}
	w.Node.Value.W = &w.Waiter
	w.Prepare(p, op)
	watcher.mu.Lock()
	if watcher.waiting[side] != nil {
		watcher.mu.Unlock()
		return fdError(side, syscall.EBUSY)
	}
	if ready {
		watcher.mu.Unlock()
		return nil
	}
	err = watchLocked(side, w)
	watcher.mu.Unlock()
	if err != nil {
		return fdError(side, err)
	}
	if err := w.Wait(p); err != nil {
		watcher.mu.Lock()
		if watcher.waiting[side] == w {
			delete(watcher.waiting, side)
			lookAgainLocked(side.fd)
		}
		watcher.mu.Unlock()
		return err
	}
	return w.err
}

// NotifyClosing wakes those who wait for fd with net.ErrClosed.
func (Network) NotifyClosing(_ context.Context, fd uintptr) {
	var woken kernel.Woken
	for _, side := range []fdSide{{int(fd), false}, {int(fd), true}} {
		watcher.mu.Lock()
		w := watcher.waiting[side]
		delete(watcher.waiting, side)
		if w != nil {
			lookAgainLocked(side.fd)
		}
		watcher.mu.Unlock()
		if w != nil && w.Fail() {
			w.err = fdError(side, net.ErrClosed)
			woken.Add(&w.Waiter)
		}
	}
	woken.Unpark()
}

func fdError(side fdSide, err error) error {
	return &net.OpError{Op: "wait", Net: "fd", Addr: fdAddr(side.fd), Err: err}
}

// fdAddr tells in an error which descriptor is meant.
type fdAddr int

func (fdAddr) Network() string  { return "fd" }
func (a fdAddr) String() string { return strconv.Itoa(int(a)) }

// IsReady asks the system whether a descriptor is readable or writable. A hang-up or an
// error counts, since an attempt will tell.
func IsReady(fd int, write bool) (bool, error) {
	events := int16(unix.POLLIN | unix.POLLPRI)
	if write {
		events = unix.POLLOUT
	}
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	for {
		_, err := unix.Poll(fds, 0)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return false, os.NewSyscallError("poll", err)
		case fds[0].Revents&unix.POLLNVAL != 0:
			return false, os.NewSyscallError("poll", unix.EBADF)
		}
		return fds[0].Revents != 0, nil
	}
}

// watchLocked begins a wait.
func watchLocked(side fdSide, w *fdWait) error {
	if watcher.driver == nil {
		p, err := poll.New()
		if err != nil {
			return err
		}
		watcher.driver = &driver{poller: p}
		watcher.waiting = make(map[fdSide]*fdWait)
		go watcher.driver.run()
	}
	watcher.waiting[side] = w
	lookAgainLocked(side.fd)
	return nil
}

func lookAgainLocked(fd int) {
	d := watcher.driver
	d.todo = append(d.todo, fd)
	d.poller.Wake()
}

// run drives the poller until nobody waits.
func (d *driver) run() {
	known := make(map[int]*poll.Desc)
	for {
		watcher.mu.Lock()
		todo := d.todo
		d.todo = nil
		if len(watcher.waiting) == 0 {
			watcher.driver = nil
			watcher.mu.Unlock()
			for _, desc := range known {
				_ = d.poller.Unregister(desc)
			}
			_ = d.poller.Close()
			return
		}
		watcher.mu.Unlock()
		for _, fd := range todo {
			d.lookAt(fd, known)
		}
		d.poller.Wait(-1)
		d.poller.Poll(func(data any, readable, writable bool) {
			fd := data.(int)
			if readable {
				d.ready(fdSide{fd, false}, nil)
			}
			if writable {
				d.ready(fdSide{fd, true}, nil)
			}
		})
	}
}

// lookAt registers a descriptor anew, so that what it is ready for is told again,
// or forgets it.
func (d *driver) lookAt(fd int, known map[int]*poll.Desc) {
	if desc := known[fd]; desc != nil {
		_ = d.poller.Unregister(desc) // it may have been closed
		delete(known, fd)
	}
	watcher.mu.Lock()
	wanted := watcher.waiting[fdSide{fd, false}] != nil || watcher.waiting[fdSide{fd, true}] != nil
	watcher.mu.Unlock()
	if !wanted {
		return
	}
	desc, err := d.poller.Register(fd, fd)
	if err != nil {
		d.ready(fdSide{fd, false}, err)
		d.ready(fdSide{fd, true}, err)
		return
	}
	known[fd] = desc
}

// ready wakes who waits for a side. The event may be an old one, of another
// direction or of what had the number before: the system is asked again.
func (d *driver) ready(side fdSide, err error) {
	if err == nil {
		if ok, _ := IsReady(side.fd, side.write); !ok {
			return
		}
	} else {
		err = fdError(side, err)
	}
	watcher.mu.Lock()
	w := watcher.waiting[side]
	delete(watcher.waiting, side)
	if w != nil {
		d.todo = append(d.todo, side.fd)
		d.poller.Wake()
	}
	watcher.mu.Unlock()
	if w != nil && w.Wake() {
		w.err = err
		w.Unpark()
	}
}
