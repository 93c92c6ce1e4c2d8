package main

import "golang.org/x/sys/unix"

// processorTimeOf is what another process has used, in nanoseconds: all its threads,
// those that have ended, too.
func processorTimeOf(pid int) (int64, error) {
	const scheduled = 2 // as the scheduler counts it
	var t unix.Timespec
	err := unix.ClockGettime(int32(^pid<<3|scheduled), &t)
	return t.Nano(), err
}
