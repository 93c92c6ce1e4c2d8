//go:build unix

package main

import "syscall"

// processorTime is what this process has used, in nanoseconds.
func processorTime() (int64, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return u.Utime.Nano() + u.Stime.Nano(), err
}
