//go:build unix

package ossignal

import (
	"fmt"
	"os"
	"runtime"
	"syscall"
)

// Refusal says why a signal cannot be received, "" if it can.
func Refusal(s os.Signal) string {
	number, ok := s.(syscall.Signal)
	last := syscall.Signal(64)
	if runtime.GOOS == "darwin" || runtime.GOOS == "ios" {
		last = 31
	}
	switch {
	case !ok:
		return fmt.Sprintf("%v (%T) is not a signal of this system: want a syscall.Signal", s, s)
	case number < 1 || number > last:
		return fmt.Sprintf("there is no signal %d: want one from 1 to %d", int(number), int(last))
	case number == syscall.SIGKILL || number == syscall.SIGSTOP:
		return fmt.Sprintf("the system lets no process receive signal %d (%v)", int(number), number)
	case number == syscall.SIGPROF:
		return fmt.Sprintf("signal %d (%v) is used by the profiler of the Go runtime", int(number), number)
	case runtime.GOOS == "linux" && number >= 32 && number <= 34:
		return fmt.Sprintf("signal %d is used by the C library", int(number))
	}
	return ""
}
