package main

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/testkit"
)

// installed puts a program in the place of another, and only that.
func installed(t *testing.T, name, script string) {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the program is a script of a shell")
	}
	dir := t.TempDir()
	testkit.Must(t, os.WriteFile(filepath.Join(dir, name), []byte("#!/bin/sh\n"+script), 0o700))
	t.Setenv("PATH", dir)
}

func TestTopThatIsNotInstalled(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	status, stdout, stderr := runMain(t, t.Context(), "top", "1")
	const want = "anyio: the program anyio-top is not installed; in a copy of the repository: go install -C cmd/anyio-top .\n"
	if status != exitFailed || stdout != "" || stderr != want {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}

func TestTopIsRun(t *testing.T) {
	installed(t, topProgram, `echo "$@"; read line; echo "$line"; echo failed >&2; exit 3`)
	var out, err strings.Builder
	status := run(t.Context(), []string{"top", "-every", "3s", "12"}, stdio{strings.NewReader("typed\n"), &out, &err})
	if status != 3 || out.String() != "-every 3s -long 10s -- 12\ntyped\n" || err.String() != "failed\n" {
		t.Errorf("status %d, %q, %q", status, out.String(), err.String())
	}
	installed(t, topProgram, "exit 0")
	if status, stdout, stderr := runMain(t, t.Context(), "top", "12"); status != exitOK || stdout+stderr != "" {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
}

// It is asked to end, so that it can give the terminal back, and not killed.
func TestTopIsAskedToEnd(t *testing.T) {
	installed(t, topProgram, `trap 'echo asked; exit 143' TERM; echo begun; read line`)
	ctx, cancel := context.WithCancel(t.Context())
	stdin, typing, err := os.Pipe() // nobody types
	testkit.Must(t, err)
	defer stdin.Close()
	defer typing.Close()
	var out watched
	status := make(chan int)
	go func() { status <- run(ctx, []string{"top", "12"}, stdio{stdin, &out, &out}) }()
	out.until(t, regexp.MustCompile("begun\n"))
	cancel()
	out.until(t, regexp.MustCompile("asked\n"))
	if got := <-status; got != 143 {
		t.Errorf("status %d", got)
	}
}
