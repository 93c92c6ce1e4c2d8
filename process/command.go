package process

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
)

// DefaultGrace is how long a process may take to end after it was asked to.
const DefaultGrace = 5 * time.Second

// A Command describes a process to start: a program with arguments, or a line for
// the shell. [SP-01] [SP-02]
type Command struct {
	// Args is the program and its arguments. A name without a slash is looked up in
	// the PATH of this process, whatever Env says; a relative path begins at Dir.
	Args []string
	// Shell, in place of Args, is a command line for /bin/sh, or cmd.exe.
	Shell string

	// Stdin, Stdout and Stderr say what the standard streams are. The zero value is
	// Pipe, but for the Stdin of Run, where it is Null.
	Stdin, Stdout, Stderr Stdio
	// Input is what Run writes to the process. If it is not nil, even if empty,
	// Stdin is a pipe and must not be set.
	Input []byte
	// ExtraFiles are further open files of the process: descriptors 3, 4, …
	ExtraFiles []*os.File

	Dir string // working directory; "" is that of this process
	// Env are "NAME=value", of which the last of a name counts; nil is the environment
	// of this process, with PWD as Dir has it.
	Env []string

	// User, Group and ExtraGroups, names or numbers, are whom the process runs as.
	// ExtraGroups that is not nil replaces the list of groups. Not on Windows.
	User, Group string
	ExtraGroups []string
	// Umask, if not nil, is the file mode mask of the process. Not on Windows.
	Umask *int

	// NewSession makes the process the leader of a new session. Not on Windows.
	NewSession bool
	// KillGroup makes the process the leader of a process group: Terminate, Kill and
	// Signal reach all of it, and what is left of it is killed when the process has
	// ended. Not on Windows.
	KillGroup bool
	// Grace is how long a canceled process may take from SIGTERM to SIGKILL, and how
	// long Run waits for the output of what the process has left behind; 0 means
	// DefaultGrace. Negative is no time for the former, DefaultGrace for the latter.
	Grace time.Duration
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

// File is an open file as a standard stream. It stays the caller's.
func File(f *os.File) Stdio { return Stdio{kind: isFile, file: f} }

func misuse(format string, args ...any) error {
	return &anyio.MisuseError{Text: "process: " + fmt.Sprintf(format, args...)}
}

// errSimulated is for calls in the simulator.
var errSimulated = fmt.Errorf("process: there are no processes in a simulation: %w", errors.ErrUnsupported)

// check finds what can never be right.
func (c *Command) check() error {
	switch {
	case len(c.Args) == 0 && c.Shell == "":
		return misuse("a command needs Args or a Shell line")
	case len(c.Args) > 0 && c.Shell != "":
		return misuse("a command has Args or a Shell line, not both")
	case c.Stdin.kind == isStdout || c.Stdout.kind == isStdout:
		return misuse("ToStdout is for Stderr")
	case c.Input != nil && c.Stdin.kind != isDefault:
		return misuse("a command has Stdin or Input, not both")
	}
	for _, s := range []Stdio{c.Stdin, c.Stdout, c.Stderr} {
		if s.kind == isFile && s.file == nil {
			return misuse("File of nil: pass an open file, or Null")
		}
	}
	if i := slices.Index(c.ExtraFiles, nil); i >= 0 {
		return misuse("ExtraFiles[%d] is nil: pass open files only", i)
	}
	return c.checkText()
}

// checkText finds text that no system call takes. Without it the error would not
// tell what was wrong.
func (c *Command) checkText() error {
	if len(c.Args) > 0 && c.Args[0] == "" {
		return misuse("Args[0] is empty: it is the name of the program")
	}
	for i, a := range c.Args {
		if strings.ContainsRune(a, 0) {
			return misuse("Args[%d] is %q: arguments have no NUL bytes", i, a)
		}
	}
	for i, e := range c.Env {
		if strings.ContainsRune(e, 0) || !strings.Contains(e, "=") {
			return misuse("Env[%d] is %q: expected NAME=value without NUL bytes", i, e)
		}
	}
	for name, text := range map[string]string{"Shell": c.Shell, "Dir": c.Dir} {
		if strings.ContainsRune(text, 0) {
			return misuse("%s is %q: it must not have NUL bytes", name, text)
		}
	}
	return nil
}

// env is the environment: each name once, since programs differ in what they make of
// one that comes twice, with what Windows needs, and if it is ours, PWD as Dir has it.
func (c *Command) env() []string {
	if c.Env == nil && c.Dir == "" {
		return nil
	}
	return (&exec.Cmd{Env: c.Env, Dir: c.Dir}).Environ()
}

// startError adds what the system does not tell: whether it was about the program
// or the directory.
func (c *Command) startError(err error) error {
	if c.Dir == "" {
		return err
	}
	at := err
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		at = pe.Err
	}
	if info, statErr := os.Stat(c.Dir); statErr != nil || !info.IsDir() {
		return &fs.PathError{Op: "chdir", Path: c.Dir, Err: at}
	}
	return err
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

// String is the command as people write it.
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
