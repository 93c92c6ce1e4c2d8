package process

import (
	"os"

	"golang.org/x/sys/windows"
)

// workerChannels are the standard streams, which the functions do not get to see,
// neither as files of package os nor as handles of the process.
func workerChannels() (in, out *os.File, err error) {
	in, out = os.Stdin, os.Stdout
	if os.Stdin, err = os.Open(os.DevNull); err != nil {
		return nil, nil, err
	}
	os.Stdout = os.Stderr
	if err := windows.SetStdHandle(windows.STD_INPUT_HANDLE, windows.Handle(os.Stdin.Fd())); err != nil {
		return nil, nil, os.NewSyscallError("SetStdHandle", err)
	}
	if err := windows.SetStdHandle(windows.STD_OUTPUT_HANDLE, windows.Handle(os.Stderr.Fd())); err != nil {
		return nil, nil, os.NewSyscallError("SetStdHandle", err)
	}
	return in, out, nil
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
	c.Stdin, c.Stdout, c.Stderr = File(requestsR), File(answersW), Inherit
	return c, requestsW, answersR, []*os.File{requestsR, answersW}, nil
}
