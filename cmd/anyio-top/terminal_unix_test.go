//go:build unix

package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A terminal is one of tmux, in which a program runs, or has.
type terminal struct {
	t      *testing.T
	dir    string
	ctx    context.Context
	output chan struct{} // something has come to the screen
}

// built are the programs, beside each other.
func built(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, pkg := range map[string][]string{
		"anyio-top": {".", "."}, "anyio": {"../..", "./cmd/anyio"}, "stuck": {"../..", "./examples/stuck"},
	} {
		c := exec.Command("go", "build", "-o", filepath.Join(dir, name), pkg[1])
		c.Dir = pkg[0]
		if out, err := c.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	return dir
}

// openTerminal runs a shell command in a new terminal of a size. A program that ends leaves
// its status on the screen.
func openTerminal(t *testing.T, width, height int, env, command string) *terminal {
	t.Helper()
	dir, err := os.MkdirTemp("", "t") // UNIX sockets have short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	term := &terminal{t: t, dir: dir, output: make(chan struct{}, 1)}
	var cancel context.CancelFunc
	term.ctx, cancel = context.WithTimeout(t.Context(), time.Minute) // something is wrong by then
	t.Cleanup(cancel)

	// Each piece of output is a reason to look at the screen again.
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	pipe, err := os.OpenFile(fifo, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		buf := make([]byte, 1<<16)
		for {
			if _, err := pipe.Read(buf); err != nil {
				return
			}
			select {
			case term.output <- struct{}{}:
			default:
			}
		}
	}()
	t.Cleanup(func() { pipe.Close(); <-read })

	// What is to be run waits until it is being listened to.
	script := fmt.Sprintf("read go; %s sh -c 'echo $$ >%s/pid; exec %s'; echo status $?; read end", env, dir, command)
	term.tmux("-f", "/dev/null", "new-session", "-d", "-x", strconv.Itoa(width), "-y", strconv.Itoa(height), script)
	t.Cleanup(func() {
		c := exec.Command("tmux", "-S", filepath.Join(dir, "tmux"), "kill-server")
		if out, err := c.CombinedOutput(); err != nil {
			t.Errorf("%v: %s", err, out)
		}
	})
	term.tmux("pipe-pane", "cat >"+fifo)
	term.press("Enter")
	return term
}

func (term *terminal) tmux(args ...string) (out string) {
	term.t.Helper()
	c := exec.Command("tmux", append([]string{"-u", "-S", filepath.Join(term.dir, "tmux")}, args...)...)
	// A terminal has what a terminal has: no wish of where the tests run, as for no colors.
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "LC_ALL=C.UTF-8", "SHELL=/bin/sh"}
	data, err := c.CombinedOutput()
	if err != nil {
		term.t.Fatalf("tmux %v: %v: %s", args, err, data)
	}
	return string(data)
}

// press presses keys, by tmux' names for them.
func (term *terminal) press(keys ...string) { term.tmux(append([]string{"send-keys"}, keys...)...) }

// until waits until the screen has all that is wanted, and returns it.
func (term *terminal) until(wanted ...string) (screen string) {
	term.t.Helper()
	for {
		screen = term.tmux("capture-pane", "-p", "-e")
		plain, all := regexp.MustCompile("\x1b\\[[0-9;]*m").ReplaceAllString(screen, ""), true
		for _, w := range wanted {
			all = all && regexp.MustCompile(w).MatchString(plain)
		}
		if all {
			return screen
		}
		select {
		case <-term.output:
		case <-term.ctx.Done():
			term.t.Fatalf("%q is not all in\n%s", wanted, plain)
		}
	}
}

// kill sends a signal to the program in the terminal.
func (term *terminal) kill(s syscall.Signal) {
	term.t.Helper()
	data, err := os.ReadFile(filepath.Join(term.dir, "pid"))
	if err != nil {
		term.t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(data)))
	if err != nil {
		term.t.Fatal(err)
	}
	if err := syscall.Kill(pid, s); err != nil {
		term.t.Fatal(err)
	}
}

// startStuck starts a process to look at.
func startStuck(t *testing.T, program, runtimeDir string) *os.Process {
	t.Helper()
	c := exec.Command(program, "-wait")
	c.Env = append(os.Environ(), "XDG_RUNTIME_DIR="+runtimeDir)
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil { // it listens by now
		t.Fatalf("%v: %s", err, line)
	}
	return c.Process
}

func TestInATerminal(t *testing.T) {
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("no tmux")
	}
	bin := built(t)
	runtimeDir, err := os.MkdirTemp("", "r")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(runtimeDir) })
	p := startStuck(t, filepath.Join(bin, "stuck"), runtimeDir)
	env := "XDG_RUNTIME_DIR=" + runtimeDir + " PATH=" + bin + ":$PATH"
	command := fmt.Sprintf("anyio top -every 200ms %d", p.Pid)

	term := openTerminal(t, 80, 24, env, command)
	screen := term.until(fmt.Sprintf(`^stuck \(%d\) at `, p.Pid), "\ndeadlock: (alice to bob #2 → bob to alice #3|bob to alice #3 → alice to bob #2)",
		"\n[> ] alice to bob #2 deadlock Lock.Acquire +[0-9]", "\n[> ] bob to alice #3 deadlock ", "\n  audit #4 +waiting  Event.Wait ", "\n  poll #5 +holds up ", "\nthe event loop is held up for .* by poll #5\n", "\nq quit ")
	if !strings.Contains(screen, "\x1b[31m") {
		t.Errorf("nothing is red: %q", screen)
	}
	term.press("t")
	term.until("\n> server #1 ", "\n  ├─ bob to a… #3", "\n  ├─ audit #4 ", "\n  └─ poll #5 ")
	term.tmux("resize-window", "-x", "44", "-y", "9")
	term.until("\n> server #1 +waiting +SleepForever +[0-9.msh<]+\n", "\nq quit .*…\n$")
	term.press("t", "/", "audit", "Enter")
	term.until("\n> audit #4 ", "\n/audit  q quit")
	term.press("Escape") // alone: with a letter at once it is another key
	term.until("\n  server #1 ")
	term.press("s", "Enter")
	term.until("^alice to bob #2\n")
	term.press("q")
	term.until("status 0\n")

	// A signal to anyio goes on to anyio-top, which gives the terminal back.
	for signal, status := range map[syscall.Signal]int{syscall.SIGTERM: 143, syscall.SIGINT: 143} {
		term = openTerminal(t, 30, 5, env, command)
		term.until("\n> (alice|bob) to")
		term.kill(signal)
		term.until(fmt.Sprintf("status %d\n", status))
		if strings.Contains(term.tmux("display-message", "-p", "#{alternate_on} #{cursor_flag}"), "0 1") {
			continue
		}
		t.Errorf("%v: the terminal is left as the program had it", signal)
	}
	term = openTerminal(t, 80, 24, env, strings.Replace(command, "anyio top", "anyio-top", 1))
	term.until("\n> (alice to bob|bob to alice)")
	term.kill(syscall.SIGINT)
	term.until("status 130\n")

	// Without colors, until the process ends.
	term = openTerminal(t, 80, 24, env+" NO_COLOR=1", command)
	if screen := term.until("\n> (alice to bob|bob to alice)"); regexp.MustCompile("\x1b\\[[0-9;]*[34][0-8]m").MatchString(screen) {
		t.Errorf("with NO_COLOR there are colors: %q", screen)
	}
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	term.until(fmt.Sprintf(`stuck \(%d\) has ended, or listens no more`, p.Pid), "5 tasks and 1 deadlock", "status 0\n")

	// What is no command of the shell is found beside anyio.
	term = openTerminal(t, 80, 24, "XDG_RUNTIME_DIR="+runtimeDir, filepath.Join(bin, command))
	term.until(fmt.Sprintf("anyio-top: process %d does not listen", p.Pid), "status 1\n")
}
