package offload

import (
	"os"
	"syscall"
	"time"
)

// Close closes the file. That of package os ends the calls that the system makes at that
// moment; one that is about to be made would go on, and Close wait for it. So they are ended
// again and again until Close has returned, by another handle, which stays valid.
func (f Waking) Close() error {
	same, err := duplicate(f.File)
	if err != nil {
		return f.File.Close()
	}
	closed, gone := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(gone)
		endCalls(same, closed)
		_ = syscall.CloseHandle(same)
	}()
	err = f.File.Close()
	close(closed)
	<-gone
	return err
}

func endCalls(h syscall.Handle, closed <-chan struct{}) {
	for pause := time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		select {
		case <-closed:
			return
		case <-time.After(pause):
			_ = syscall.CancelIoEx(h, nil) // fails if there are none
		}
	}
}

// duplicate makes another handle of a file.
func duplicate(f *os.File) (dup syscall.Handle, err error) {
	self, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	closed := raw.Control(func(fd uintptr) {
		err = syscall.DuplicateHandle(self, syscall.Handle(fd), self, &dup, 0, false, syscall.DUPLICATE_SAME_ACCESS)
	})
	if closed != nil {
		return 0, closed
	}
	return dup, err
}
