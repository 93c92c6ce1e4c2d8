package process_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
)

// replacedEnv makes this program one whose file is replaced while it runs.
const replacedEnv = "PROCESS_TEST_REPLACED"

// runReplaced removes the file of this program, puts another in its place, and calls
// a worker function.
func runReplaced() error {
	path, err := os.Executable()
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil && os.Getenv(replacedEnv) == "by another" {
		err = os.WriteFile(path, []byte("#!/bin/sh\nexit 9\n"), 0o755)
	}
	if err != nil {
		return err
	}
	_ = os.Unsetenv(replacedEnv)
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		_, err := swap.Call(ctx, point{1, 2})
		return err
	})
}

// beforeTests is called when this is no worker.
func beforeTests() {
	if os.Getenv(replacedEnv) == "" {
		return
	}
	if err := runReplaced(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func TestWorkersAreTheProgramThatRunsAlsoWhenItsFileIsReplaced(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, how := range []string{"by another", "by nothing"} {
			program := filepath.Join(t.TempDir(), "program")
			testkit.WantNil(t, "copy", copyProgram(program, exe))
			_, err := process.Run(ctx, process.Command{
				Args: []string{program}, Env: append(os.Environ(), replacedEnv+"="+how),
				Stdout: process.Inherit, Stderr: process.Inherit,
			})
			testkit.WantNil(t, how, err)
		}
	})
}

// copyProgram copies a file that can be started.
func copyProgram(to, from string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_CREATE|os.O_WRONLY, 0o755)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if closeErr := out.Close(); err == nil {
		err = closeErr
	}
	return err
}
