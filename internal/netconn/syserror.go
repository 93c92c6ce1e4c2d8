package netconn

import (
	"errors"
	"syscall"
)

// A sysError is an error of a system that has numbers of its own for what POSIX
// names. It also matches the error of package syscall that programs ask for.
type sysError struct {
	err   error
	posix syscall.Errno
}

func (e *sysError) Error() string        { return e.err.Error() }
func (e *sysError) Unwrap() error        { return e.err }
func (e *sysError) Is(target error) bool { return target == e.posix }

// portable lets the errors of package net match those of package syscall everywhere.
func portable(err error) error { return translated(err, posixErrors) }

func translated(err error, numbers map[syscall.Errno]syscall.Errno) error {
	if err == nil || len(numbers) == 0 {
		return err
	}
	if number, ok := errors.AsType[syscall.Errno](err); ok {
		if posix, ok := numbers[number]; ok {
			return &sysError{err, posix}
		}
	}
	return err
}
