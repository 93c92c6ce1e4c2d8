package process

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
)

// check finds what can never be right.
func (c *Command) check() error {
	switch {
	case len(c.Args) == 0 && c.Shell == "":
		return misuse("a command needs Args or a Shell line")
	case len(c.Args) > 0 && c.Shell != "":
		return misuse("a command has Args or a Shell line, not both")
	case len(c.Args) > 0 && c.Args[0] == "":
		return misuse("the name of the program, Args[0], is empty")
	case c.Stdin.kind == isStdout || c.Stdout.kind == isStdout:
		return misuse("ToStdout is for Stderr")
	case c.Input != nil && c.Stdin.kind != isDefault:
		return misuse("a command has Stdin or Input, not both")
	case c.Umask != nil && *c.Umask&^0o777 != 0:
		return misuse("Umask is %d: want 0 to 0o777, or nil for that of this process", *c.Umask)
	}
	for _, s := range []Stdio{c.Stdin, c.Stdout, c.Stderr} {
		if s.kind == isFile && s.file == nil {
			return misuse("File of nil: pass an open file, or Null")
		}
	}
	if i := slices.Index(c.ExtraFiles, nil); i >= 0 {
		return misuse("ExtraFiles[%d] is nil: pass open files only", i)
	}
	return c.checkTexts()
}

// checkTexts finds what no process can be given. The errors do not show the texts,
// which may be secret, or huge.
func (c *Command) checkTexts() error {
	const nul = "%s has a NUL byte: the system would cut it there"
	switch {
	case hasNUL(c.Shell):
		return misuse(nul, "Shell")
	case hasNUL(c.Dir):
		return misuse(nul, "Dir")
	}
	for i, a := range c.Args {
		if hasNUL(a) {
			return misuse(nul, fmt.Sprintf("Args[%d]", i))
		}
	}
	for i, e := range c.Env {
		switch {
		case hasNUL(e):
			return misuse(nul, fmt.Sprintf("Env[%d]", i))
		case e == "" || !strings.Contains(e[1:], "="): // on Windows names may begin with a "="
			return misuse(`Env[%d] is not of the form "NAME=value"`, i)
		}
	}
	return nil
}

func hasNUL(s string) bool { return strings.IndexByte(s, 0) >= 0 }

// explain is the error of a start that failed, which otherwise names the program
// whatever was missing.
func (c *Command) explain(path string, err error) error {
	if c.Sys != nil {
		return err // who knows what it means: the root directory may be another
	}
	if c.Dir != "" {
		info, wrong := os.Stat(c.Dir)
		if wrong == nil && !info.IsDir() {
			wrong = syscall.ENOTDIR
		}
		if e, ok := errors.AsType[*os.PathError](wrong); ok {
			wrong = e.Err
		}
		if wrong != nil {
			return &os.PathError{Op: "chdir", Path: c.Dir, Err: wrong}
		}
	}
	if path != "" && errors.Is(err, os.ErrNotExist) {
		if _, missing := os.Stat(path); missing == nil {
			return fmt.Errorf("process: the program is there, but not the interpreter or loader that it names: %w", err)
		}
	}
	return err
}

// environ are the variables of the process: each name once, since programs differ in
// what they make of one that comes twice, and what Windows cannot do without.
func (c *Command) environ(sys *syscall.SysProcAttr) []string {
	if c.Env == nil && c.Dir == "" {
		return nil
	}
	return (&exec.Cmd{Dir: c.Dir, Env: c.Env, SysProcAttr: sys}).Environ()
}
