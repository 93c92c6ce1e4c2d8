//go:build unix

package process

import (
	"os"

	"golang.org/x/sys/unix"
)

// workerChannels are where requests come from and answers go.
func workerChannels() (in, out *os.File, err error) {
	unix.CloseOnExec(3)
	unix.CloseOnExec(4)
	return os.NewFile(3, "requests"), os.NewFile(4, "answers"), nil
}

// command describes a worker; the channels of its parent are ours.
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
