package process

import (
	"os"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// maxThreads is how many processes a thread each waits for. That tells of an end
// sooner than Go's poller (P3 1.11 to 1.05 of os/exec), which watches the others.
const maxThreads = 8

var threads atomic.Int32 // that wait for a process

// waitEnd returns when the process has ended, which is left to be waited for, or
// false if that cannot be told so.
func (p *Process) waitEnd() (ended bool) {
	defer threads.Add(-1)
	if threads.Add(1) > maxThreads {
		return pollEnd(p.proc.Pid)
	}
	_ = p.proc.WithHandle(func(pidfd uintptr) { ended = hasEnded(int(pidfd), 0) })
	return ended
}

// hasEnded waits for the end of a process, or with WNOHANG looks whether it has come.
func hasEnded(pidfd, options int) bool {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PIDFD, pidfd, &info, unix.WEXITED|unix.WNOWAIT|options, nil)
		if err != unix.EINTR {
			return err == nil && info.Signo != 0
		}
	}
}

// pollEnd is waitEnd without a thread. A process that was not waited for keeps its
// number, so it is this one that a pidfd of its own leads to.
func pollEnd(pid int) (ended bool) {
	pidfd, err := unix.PidfdOpen(pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return false
	}
	f := os.NewFile(uintptr(pidfd), "pidfd")
	defer f.Close()
	rc, err := f.SyscallConn()
	if err != nil {
		return false
	}
	err = rc.Read(func(fd uintptr) bool {
		ended = hasEnded(int(fd), unix.WNOHANG)
		return ended
	})
	return err == nil && ended
}
