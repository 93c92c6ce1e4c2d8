//go:build unix

package process_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio/process"
)

func TestRelativeProgramIsFoundFromTheWorkingDirectoryOfTheProcess(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		dir := t.TempDir()
		err := os.WriteFile(filepath.Join(dir, "prog"), []byte("#!/bin/sh\necho found\n"), 0o700)
		wantNil(t, "write", err)
		res, err := process.Run(ctx, process.Command{Args: []string{"./prog"}, Dir: dir})
		wantNil(t, "run", err)
		if string(res.Stdout) != "found\n" {
			t.Errorf("the program wrote %q", res.Stdout)
		}
	})
}
