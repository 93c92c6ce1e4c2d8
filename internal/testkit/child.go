package testkit

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"testing"
)

// ready is the line by which a child says that it has begun.
const ready = "ready\n"

// StartChild starts this program once more, with more in its environment, and returns when it
// has called Ready. It is killed when the test ends.
func StartChild(t testing.TB, env ...string) *exec.Cmd {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env, cmd.Stderr = append(os.Environ(), env...), os.Stderr
	in, err := cmd.StdinPipe() // open until this process ends, or the child has
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		_ = cmd.Wait()
		_ = in.Close()
	})
	if line, err := bufio.NewReader(out).ReadString('\n'); line != ready {
		t.Fatalf("the child says %q: %v", line, err)
	}
	return cmd
}

// Ready is called by a child when it has begun.
func Ready() { _, _ = os.Stdout.WriteString(ready) }

// EndWithParent has a child end when the process that has started it does, however.
func EndWithParent() {
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
}
