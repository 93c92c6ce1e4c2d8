//go:build unix

package main

import "syscall"

// processorTime is what this process has used, and those of its children that it has
// waited for, in nanoseconds.
func processorTime() (int64, error) {
	total := int64(0)
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			return 0, err
		}
		total += u.Utime.Nano() + u.Stime.Nano()
	}
	return total, nil
}
