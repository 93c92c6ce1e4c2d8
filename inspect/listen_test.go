package inspect_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

// ownFolder lets the test listen where no other one does. UNIX sockets have short paths.
func ownFolder(t *testing.T) string {
	dir, err := os.MkdirTemp("", "i")
	testkit.Must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	t.Setenv("XDG_RUNTIME_DIR", dir)
	return filepath.Join(dir, "anyio")
}

func TestListenIsFoundAndAnswers(t *testing.T) {
	testkit.NeedUnix(t)
	dir := ownFolder(t)
	if pids, err := inspect.Processes(); err != nil || len(pids) > 0 {
		t.Fatalf("before: %v, %v", pids, err)
	}
	pid := os.Getpid()
	for _, left := range []string{".sock", ".sock.new"} { // by an earlier process with this ID
		testkit.Must(t, os.MkdirAll(dir, 0o700))
		testkit.Must(t, os.WriteFile(filepath.Join(dir, fmt.Sprint(pid, left)), nil, 0o600))
	}
	stop, err := inspect.Listen()
	testkit.Must(t, err)
	again, err := inspect.Listen()
	testkit.Must(t, err)
	stop()
	stop() // counts once
	dead := filepath.Join(dir, "999999999.sock")
	testkit.Must(t, os.WriteFile(dead, nil, 0o600))
	testkit.Must(t, os.WriteFile(filepath.Join(dir, "x.txt"), nil, 0o600))
	if pids, err := inspect.Processes(); err != nil || !slices.Equal(pids, []int{pid}) {
		t.Errorf("got %v, %v; want %d", pids, err, pid)
	}
	if _, err := os.Lstat(dead); runtime.GOOS == "linux" && !os.IsNotExist(err) {
		t.Errorf("the socket of a process that has died is still there: %v", err)
	}
	if info, err := os.Stat(dir); runtime.GOOS != "windows" && (err != nil || info.Mode().Perm() != 0o700) {
		t.Errorf("the folder is for %v, %v", info, err)
	}
	err = anyio.Run(t.Context(), func(ctx context.Context) error {
		me, _ := inspect.Of(ctx)
		s, err := inspect.Fetch(ctx, pid)
		if err != nil {
			return err
		}
		if self := s.Task(me); s.PID != pid || self == nil || self.Name != "the one that asks" {
			t.Errorf("%v is not in\n%s", me, s)
		}
		return nil
	}, anyio.MainName("the one that asks"))
	testkit.WantNil(t, "Fetch", err)
	again()
	if _, err := inspect.Fetch(t.Context(), pid); err == nil || !strings.Contains(err.Error(), "does not listen") {
		t.Errorf("after the end: %v", err)
	}
	if pids, err := inspect.Processes(); err != nil || len(pids) > 0 {
		t.Errorf("after the end: %v, %v", pids, err)
	}
}

func TestListenTrustsNoFolderOfOthers(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("folders have no permission bits")
	}
	dir := ownFolder(t)
	testkit.Must(t, os.Mkdir(dir, 0o700))
	testkit.Must(t, os.Chmod(dir, 0o755))
	if _, err := inspect.Listen(); err == nil || !strings.Contains(err.Error(), "may be entered by others: remove it") {
		t.Errorf("a folder for all: %v", err)
	}
	testkit.Must(t, os.Remove(dir))
	testkit.Must(t, os.Symlink(t.TempDir(), dir))
	if _, err := inspect.Listen(); err == nil {
		t.Error("a link is taken for a folder")
	}
}
