//go:build unix

package process

import (
	"fmt"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

var terminate os.Signal = syscall.SIGTERM

// exitCode is the exit code, or the negative number of the signal.
func exitCode(s *os.ProcessState) int {
	if w, ok := s.Sys().(syscall.WaitStatus); ok && w.Signaled() {
		return -int(w.Signal())
	}
	return s.ExitCode()
}

func signalGroup(pid int, s os.Signal) error {
	n, ok := s.(syscall.Signal)
	if !ok {
		return misuse("the signal %v has no number", s)
	}
	return os.NewSyscallError("kill", syscall.Kill(-pid, n))
}

// sysProcAttr turns the command's wishes into those of package syscall.
func (c *Command) sysProcAttr() (*syscall.SysProcAttr, error) {
	sys := &syscall.SysProcAttr{}
	if c.Sys != nil {
		*sys = *c.Sys
	}
	sys.Setsid = sys.Setsid || c.NewSession
	if c.KillGroup && !sys.Setsid { // the leader of a session leads a group
		sys.Setpgid, sys.Pgid = true, 0
	}
	if c.User == "" && c.Group == "" && c.ExtraGroups == nil {
		return sys, nil
	}
	cred := &syscall.Credential{Uid: uint32(os.Getuid()), Gid: uint32(os.Getgid()), NoSetGroups: true}
	if sys.Credential != nil {
		*cred = *sys.Credential
	}
	var err error
	if c.User != "" {
		if cred.Uid, err = lookupID("user", c.User, func(name string) (string, error) {
			u, err := user.Lookup(name)
			if err != nil {
				return "", err
			}
			return u.Uid, nil
		}); err != nil {
			return nil, err
		}
	}
	group := func(name string) (string, error) {
		g, err := user.LookupGroup(name)
		if err != nil {
			return "", err
		}
		return g.Gid, nil
	}
	if c.Group != "" {
		if cred.Gid, err = lookupID("group", c.Group, group); err != nil {
			return nil, err
		}
	}
	if c.ExtraGroups != nil {
		cred.NoSetGroups, cred.Groups = false, nil
		for _, name := range c.ExtraGroups {
			id, err := lookupID("group", name, group)
			if err != nil {
				return nil, err
			}
			cred.Groups = append(cred.Groups, id)
		}
	}
	sys.Credential = cred
	return sys, nil
}

// lookupID is the number of a user or group that is given as name or number.
func lookupID(what, name string, lookup func(string) (string, error)) (uint32, error) {
	if n, err := strconv.ParseUint(name, 10, 32); err == nil {
		return uint32(n), nil
	}
	id, err := lookup(name)
	if err != nil {
		return 0, fmt.Errorf("process: %s %q: %w", what, name, err)
	}
	n, err := strconv.ParseUint(id, 10, 32)
	return uint32(n), err
}
