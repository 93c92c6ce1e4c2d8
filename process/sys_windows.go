package process

import (
	"errors"
	"fmt"
	"os"
	"syscall"
)

var terminate = os.Kill

func exitCode(s *os.ProcessState) int { return s.ExitCode() }

func signalGroup(int, os.Signal) error { return errors.ErrUnsupported }

func (c *Command) sysProcAttr() (*syscall.SysProcAttr, error) {
	if c.User != "" || c.Group != "" || c.ExtraGroups != nil || c.NewSession || c.KillGroup {
		return nil, fmt.Errorf("process: User, Group, ExtraGroups, NewSession and KillGroup on Windows: %w", errors.ErrUnsupported)
	}
	sys := &syscall.SysProcAttr{}
	if c.Sys != nil {
		*sys = *c.Sys
	}
	return sys, nil
}
