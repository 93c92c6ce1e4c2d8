//go:build unix

package process

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// workerChannels are where requests come from and answers go.
func workerChannels() (in, out *os.File, err error) {
	for _, fd := range []uintptr{3, 4} {
		if _, err := unix.FcntlInt(fd, unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
			return nil, nil, fmt.Errorf("descriptor %d: %w: is %s set by somebody else?", fd, err, workerEnv)
		}
	}
	return os.NewFile(3, "requests"), os.NewFile(4, "answers"), nil
}

// workerCommand describes a worker; the channels of its parent are ours.
func workerCommand() (c Command, to, from *os.File, theirs []*os.File, err error) {
	requestsR, requestsW, err := os.Pipe()
	if err != nil {
		return c, nil, nil, nil, err
	}
	answersR, answersW, err := os.Pipe()
	if err != nil {
		_ = requestsR.Close()
		_ = requestsW.Close()
		return c, nil, nil, nil, err
	}
	c.ExtraFiles = []*os.File{requestsR, answersW}
	c.Stdin, c.Stdout, c.Stderr = Null, Inherit, Inherit
	return c, requestsW, answersR, c.ExtraFiles, nil
}
