package process

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
)

// DefaultGrace is how long a process may take to end after it was asked to.
const DefaultGrace = 5 * time.Second

// A Command describes a process to start: a program with arguments, or a line for
// the shell.
type Command struct {
	// Args is the program and its arguments. A name without a slash is looked up in
	// the PATH of this process, whatever Env says; a path with one that is relative
	// begins at Dir, which itself begins at the working directory of this process.
	Args []string
	// Shell, in place of Args, is a command line for /bin/sh, or cmd.exe.
	Shell string

	// Stdin, Stdout and Stderr say what the standard streams are. The zero value is
	// Pipe, but for the Stdin of Run, where it is Null.
	Stdin, Stdout, Stderr Stdio
	// Input is what Run writes to the process. If it is not nil, even if empty,
	// Stdin is a pipe and must not be set.
	Input []byte
	// ExtraFiles are further open files of the process: descriptors 3, 4, … It
	// has no other file of this process. Not on Windows.
	ExtraFiles []*os.File

	// Dir is the working directory; "" is that of this process.
	Dir string
	// Env are the variables of the process, "NAME=value"; of a name that is there
	// twice the last counts. nil is those of this process, with PWD for Dir.
	Env []string

	// User, Group and ExtraGroups, names or numbers, are whom the process runs as;
	// each is that of this process if it is not set: User alone changes no group.
	// ExtraGroups that is not nil replaces the list of groups. Not on Windows.
	User, Group string
	ExtraGroups []string
	// Umask, if not nil, is the file mode mask of the process, 0 to 0o777. The
	// process finds its path, not Args[0], as its own name. Not on Windows.
	Umask *int

	// NewSession makes the process the leader of a new session. Not on Windows.
	NewSession bool
	// KillGroup makes the process the leader of a process group: Terminate, Kill and
	// Signal reach all of it, and what is left of it is killed when the process has
	// ended. Not on Windows.
	KillGroup bool
	// Grace is how long a canceled process may take from SIGTERM to SIGKILL, and how
	// long Run waits for the output of what the process has left behind; 0 means
	// DefaultGrace, anyio.Forever no limit. Negative is no time for the former,
	// DefaultGrace for the latter.
	Grace time.Duration
	// Cancel, if not nil, asks a process whose Run or Close is canceled to end, in place of
	// Process.Terminate: by another signal, or a command that it understands. It has until
	// Grace is over, when its ctx is canceled and the process is killed. The streams of the
	// process are still open if Close was called in a canceled scope; those of Run are
	// used by it. An error comes back with the cancellation.
	Cancel func(ctx context.Context, p *Process) error
	// AnyExit makes Run return without an error whatever the exit code is.
	AnyExit bool
	// Sys, if not nil, has the attributes of the operating system to start from.
	Sys *syscall.SysProcAttr
}

// Stdio says what a standard stream of a process is: Pipe, Inherit, Null, ToStdout
// or File.
type Stdio struct {
	kind stdioKind
	file *os.File
}

type stdioKind uint8

const (
	isDefault stdioKind = iota
	isPipe
	isInherit
	isNull
	isStdout
	isFile
)

var (
	Pipe     = Stdio{kind: isPipe}    // a byte stream of the Process
	Inherit  = Stdio{kind: isInherit} // the stream of this process
	Null     = Stdio{kind: isNull}    // nothing to read, and dropped when written
	ToStdout = Stdio{kind: isStdout}  // for Stderr: where Stdout goes
)

// File returns an open file as a standard stream. It stays the caller's, but in
// blocking mode: deadlines have no effect on it any more.
func File(f *os.File) Stdio { return Stdio{kind: isFile, file: f} }

func misuse(format string, args ...any) error {
	return &anyio.MisuseError{Text: "process: " + fmt.Sprintf(format, args...)}
}

// argv is the program's path and its arguments.
func (c *Command) argv() (path string, args []string, err error) {
	args = c.Args
	if c.Shell != "" {
		args = []string{"/bin/sh", "-c", c.Shell}
		if runtime.GOOS == "windows" {
			args = []string{"cmd.exe", "/c", c.Shell}
		}
	}
	name := args[0]
	if c.Dir != "" && filepath.Base(name) != name && !filepath.IsAbs(name) {
		// It is found from Dir, not from here.
		if name, err = filepath.Abs(filepath.Join(c.Dir, name)); err != nil {
			return "", nil, err
		}
	}
	if path, err = exec.LookPath(name); err != nil {
		return "", nil, err
	}
	if c.Umask != nil {
		if runtime.GOOS == "windows" {
			return "", nil, fmt.Errorf("process: Umask on Windows: %w", errors.ErrUnsupported)
		}
		// The mask of a process is set by itself only: the shell does it and becomes
		// the program.
		args = append([]string{"/bin/sh", "-c", fmt.Sprintf(`umask %03o && exec "$0" "$@"`, *c.Umask&0o777), path}, args[1:]...)
		path = args[0]
	}
	return path, args, nil
}

func (c *Command) grace() time.Duration {
	switch {
	case c.Grace == 0:
		return DefaultGrace
	case c.Grace < 0:
		return 0
	}
	return c.Grace
}

// patience is how long Run waits for output after the end.
func (c *Command) patience() time.Duration {
	if c.Grace <= 0 {
		return DefaultGrace
	}
	return c.Grace
}

// String returns the command as people write it.
func (c *Command) String() string {
	if c.Shell != "" {
		return c.Shell
	}
	s := ""
	for i, a := range c.Args {
		if i > 0 {
			s += " "
		}
		if a == "" || !plain(a) {
			a = fmt.Sprintf("%q", a)
		}
		s += a
	}
	return s
}

// plain reports whether a word needs no quotes.
func plain(a string) bool {
	for _, r := range a {
		if r <= ' ' || r == '"' || r == '\'' || r == '\\' {
			return false
		}
	}
	return true
}
