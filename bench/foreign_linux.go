package main

import (
	"os/exec"
	"syscall"
)

// diesWithUs lets a process end when this one does, however it ends.
func diesWithUs(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
