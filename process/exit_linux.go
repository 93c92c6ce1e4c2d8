package process

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// An exitWatch waits for the end of a process through its pidfd, which Go's poller
// watches: no thread sleeps for it, and the process is not waited for yet.
type exitWatch struct{ pidfd int }

// watchExit prepares the watch of a process that is about to start.
func watchExit(sys *syscall.SysProcAttr) *exitWatch {
	w := &exitWatch{pidfd: -1}
	if sys.PidFD == nil {
		sys.PidFD = &w.pidfd
	}
	return w
}

// started takes a copy of the pidfd if somebody else wanted one, who owns it.
func (w *exitWatch) started(sys *syscall.SysProcAttr) {
	if sys.PidFD == &w.pidfd || *sys.PidFD < 0 {
		return
	}
	if fd, err := unix.FcntlInt(uintptr(*sys.PidFD), unix.F_DUPFD_CLOEXEC, 0); err == nil {
		w.pidfd = fd
	}
}

// wait returns when the process has ended, or false if that cannot be told so.
func (w *exitWatch) wait() bool {
	if w.pidfd < 0 {
		return false
	}
	if unix.SetNonblock(w.pidfd, true) != nil {
		_ = unix.Close(w.pidfd)
		return false
	}
	f := os.NewFile(uintptr(w.pidfd), "pidfd")
	defer f.Close()
	rc, err := f.SyscallConn()
	if err != nil {
		return false
	}
	ended := false
	err = rc.Read(func(fd uintptr) bool {
		var info unix.Siginfo
		for {
			err := unix.Waitid(unix.P_PIDFD, int(fd), &info, unix.WEXITED|unix.WNOHANG|unix.WNOWAIT, nil)
			if err == unix.EINTR {
				continue
			}
			ended = err == nil && info.Signo != 0
			return ended || err != nil
		}
	})
	return err == nil && ended
}
