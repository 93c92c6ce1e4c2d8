//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop

import (
	"io"
	"os"
	"runtime"
	"syscall"

	"github.com/anyio-go/anyio/internal/kernel"
	"golang.org/x/sys/unix"
)

// A file is an end of a pipe, a terminal, or any other descriptor that the poller knows,
// of ours or of the user's. It is used by callbacks only.
type file struct{ handle }

// TryFile makes a file of a descriptor. What the poller does not know fails at the first
// attempt that finds nothing.
func (n *network) TryFile(fd uintptr, lend bool) (kernel.TryFile, error) {
	fail := func(err error) (kernel.TryFile, error) {
		if !lend {
			unix.Close(int(fd))
		}
		return nil, asOpError("file", kindFD, kernel.Addr{}, kernel.Addr{}, err)
	}
	if lend {
		if _, err := unix.FcntlInt(fd, unix.F_GETFD, 0); err != nil {
			return fail(os.NewSyscallError("fcntl", err))
		}
		if n.isWatched(int(fd)) {
			return fail(unix.EBUSY)
		}
	} else {
		unix.CloseOnExec(int(fd))
		if err := unix.SetNonblock(int(fd), true); err != nil {
			return fail(os.NewSyscallError("fcntl", err))
		}
	}
	f, err := n.lent(int(fd), lend)
	if err != nil {
		return fail(err)
	}
	x := &file{handle{f}}
	x.guard()
	return x, nil
}

// isWatched reports whether fd is one of our own sockets, with somebody who is told of it.
func (n *network) isWatched(fd int) bool {
	if !n.onLoop() {
		return false
	}
	f := n.registered(fd)
	if f == nil || f.lent {
		return false
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.watched.by != nil
}

// lent makes fd one of the network's descriptors, which closes it unless it is lent.
func (n *network) lent(fd int, lend bool) (*descriptor, error) {
	f := &descriptor{net: n, fd: fd, kind: kindFD, lent: lend}
	f.read.edges.Store(1) // ahead of dry
	f.write.edges.Store(1)
	f.refs.Store(1)
	if !n.enlist(f) {
		return nil, errClosed
	}
	return f, nil
}

// TryRead reads what is there.
func (x *file) TryRead(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, x.f.nothing(nowhere, "read")
	}
	err = x.attempt(&x.f.read, "read", "read", func(fd int) (err error) {
		if n, err = syscall.Read(fd, p); n == 0 && err == nil {
			return io.EOF
		}
		return err
	})
	return max(n, 0), err
}

// TryWrite writes what is taken.
func (x *file) TryWrite(p []byte) (n int, err error) {
	if len(p) == 0 {
		return 0, x.f.nothing(nowhere, "write")
	}
	for n < len(p) && err == nil {
		err = x.attempt(&x.f.write, "write", "write", func(fd int) error {
			k, err := syscall.Write(fd, p[n:])
			n += max(k, 0)
			return err
		})
	}
	return n, err
}

// TryHangup finds out whether the other end is gone.
func (x *file) TryHangup() error {
	return x.attempt(&x.f.read, "wait", "poll", func(fd int) error { return pollNow(fd, 0) })
}

// TryReady finds out whether a direction is ready.
func (x *file) TryReady(write bool) error {
	d, events := &x.f.read, int16(unix.POLLIN|unix.POLLPRI)
	if write {
		d, events = &x.f.write, unix.POLLOUT
	}
	return x.attempt(d, "wait", "poll", func(fd int) error { return pollNow(fd, events) })
}

// pollNow is EAGAIN if none of the events is there, nor a hang-up or an error.
func pollNow(fd int, events int16) error {
	fds := []unix.PollFd{{Fd: int32(fd), Events: events}}
	if _, err := unix.Poll(fds, 0); err != nil {
		return err
	}
	switch {
	case fds[0].Revents&unix.POLLNVAL != 0:
		return unix.EBADF
	case fds[0].Revents == 0:
		return unix.EAGAIN
	}
	return nil
}

// attempt makes a system call that does not block.
func (x *file) attempt(d *direction, op, call string, try func(fd int) error) error {
	f := x.f
	defer runtime.KeepAlive(x)
	for {
		seen := d.edges.Load()
		if !f.use() {
			return f.isClosed(nowhere, op)
		}
		err := try(f.fd)
		f.release()
		switch err {
		case nil, io.EOF:
			return err
		case unix.EINTR:
			continue
		}
		if errno := code(err); !again(errno) {
			return f.callError(op, call, errno)
		}
		if err := f.block(d, seen, op); err != nil {
			return err
		}
	}
}

var _ kernel.TryFile = (*file)(nil)
