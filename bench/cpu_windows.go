package main

import "syscall"

// processorTime is what this process has used, in nanoseconds. The system counts it in
// steps of 15.6 ms.
func processorTime() (int64, error) {
	self, err := syscall.GetCurrentProcess()
	if err != nil {
		return 0, err
	}
	var made, ended, kernel, user syscall.Filetime
	if err := syscall.GetProcessTimes(self, &made, &ended, &kernel, &user); err != nil {
		return 0, err
	}
	return span(kernel) + span(user), nil
}

// span is a span of time in nanoseconds; Filetime.Nanoseconds is for points in time.
func span(f syscall.Filetime) int64 {
	return (int64(f.HighDateTime)<<32 | int64(f.LowDateTime)) * 100
}
