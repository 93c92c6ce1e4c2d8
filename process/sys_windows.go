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
	if c.Shell != "" && sys.CmdLine == "" {
		// With /s cmd.exe takes off the outer quotes and changes nothing else; it does
		// not understand the quotes that arguments are given otherwise.
		sys.CmdLine = `cmd.exe /s /c "` + c.Shell + `"`
	}
	return sys, nil
}
