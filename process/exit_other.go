//go:build !linux

package process

import "syscall"

// An exitWatch would tell of the end of a process before it is waited for.
type exitWatch struct{}

func watchExit(*syscall.SysProcAttr) *exitWatch { return nil }

func (*exitWatch) started(*syscall.SysProcAttr) {}

func (*exitWatch) wait() bool { return false }
