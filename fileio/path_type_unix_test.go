//go:build unix

package fileio_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/internal/testkit"
)

// typesOf is what the questions for the types of files are answered with.
func typesOf(t *testing.T, ctx context.Context, p fileio.Path) (yes []string) {
	for _, q := range []struct {
		name string
		ask  func(ctx context.Context) (bool, error)
	}{
		{"file", p.IsFile}, {"dir", p.IsDir}, {"block", p.IsBlockDevice}, {"char", p.IsCharDevice}, {"fifo", p.IsFIFO}, {"socket", p.IsSocket},
	} {
		is, err := q.ask(ctx)
		testkit.Must(t, err)
		if is {
			yes = append(yes, q.name)
		}
	}
	return yes
}

func TestPipesAndBlockDevicesAreKnown(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		p := folder(t).Join("pipe")
		testkit.Must(t, unix.Mkfifo(string(p), 0o600))
		wantList(t, typesOf(t, ctx, p), "fifo")
		wantList(t, typesOf(t, ctx, "/dev/null"), "char")
		if block := blockDevice(t); block != "" {
			wantList(t, typesOf(t, ctx, block), "block")
		}
	})
}

// blockDevice is a block device of this machine, or "" if there is none to be seen
// and none can be made.
func blockDevice(t *testing.T) fileio.Path {
	all, _ := filepath.Glob("/dev/*")
	for _, path := range all {
		if info, err := os.Lstat(path); err == nil && info.Mode().Type() == fs.ModeDevice {
			return fileio.Path(path)
		}
	}
	path := folder(t).Join("block")
	if err := makeBlockDevice(string(path)); err != nil {
		t.Logf("no block device: %v", err)
		return ""
	}
	return path
}
