package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// writeTree makes a folder with n files f000.go … of i+1 lines of 10 bytes, in
// folders of ten, and some that are not to be counted.
func writeTree(t *testing.T, n int) string {
	t.Helper()
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i := range n {
		write(treeName(i), treeText(i))
	}
	write("notes.txt", "not a Go file\n")
	write("empty/readme.md", "nor this\n")
	write("folder.go/data", "a folder with such a name\n")
	return dir
}

func treeName(i int) string {
	name := fmt.Sprintf("f%03d.go", i)
	if i < 10 {
		return name
	}
	return fmt.Sprintf("d%02d/%s", i/10, name)
}

func treeText(i int) (text string) {
	for line := range i + 1 {
		text += fmt.Sprintf("%09d\n", 1000*i+line)
	}
	return text
}

// treeTotals is what the pipeline must find in the files with the numbers first to n-1.
func treeTotals(n int) totals {
	var want totals
	for i := range n {
		want.add(fileSum{lines: int64(i + 1), bytes: int64(10 * (i + 1)), sum: sha256.Sum256([]byte(treeName(i) + "\x00" + treeText(i)))})
	}
	return want
}

// onEach runs f on every backend, the simulator with some seeds.
func onEach(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	backends := map[string]anyio.Backend{"parallel": anyio.Parallel(), "eventloop": anyio.EventLoop()}
	for seed := range uint64(5) {
		backends[fmt.Sprintf("sim/seed=%d", seed)] = sim.New(sim.Config{Seed: seed})
	}
	for name, b := range backends {
		t.Run(name, func(t *testing.T) {
			err := anyio.Run(t.Context(), func(ctx context.Context) error {
				f(t, ctx)
				return nil
			}, anyio.On(b))
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func ignore(totals) {}

func TestPipelineCountsAndHashes(t *testing.T) {
	dir := writeTree(t, 45)
	onEach(t, func(t *testing.T, ctx context.Context) {
		steps := 0
		got, err := hashTree(ctx, tree{dir: dir}, func(sum totals) {
			if steps++; sum.Files != steps {
				t.Errorf("step %d: %d files", steps, sum.Files)
			}
		})
		if want := treeTotals(45); err != nil || got != want {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
	})
}

func TestPipelineLimitsFiles(t *testing.T) {
	// The files of the folders come before those of the top: d01 … are walked first.
	dir := writeTree(t, 45)
	onEach(t, func(t *testing.T, ctx context.Context) {
		for _, limit := range []int{1, 7, 44, 45, 46} {
			got, err := hashTree(ctx, tree{dir, limit}, ignore)
			if err != nil || got.Files != min(limit, 45) {
				t.Errorf("limit %d: %d files, %v", limit, got.Files, err)
			}
			again, err := hashTree(ctx, tree{dir, limit}, ignore)
			if err != nil || again != got {
				t.Errorf("limit %d: first %+v, then %+v, %v", limit, got, again, err)
			}
		}
	})
}

func TestPipelineOfNothing(t *testing.T) {
	dir := t.TempDir()
	onEach(t, func(t *testing.T, ctx context.Context) {
		if got, err := hashTree(ctx, tree{dir: dir}, ignore); err != nil || got != (totals{}) {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestPipelineCountsWhatCannotBeRead(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("no file is unreadable for this user")
	}
	dir := writeTree(t, 5)
	for _, name := range []string{"f001.go", "folder.go"} {
		if err := os.Chmod(filepath.Join(dir, name), 0); err != nil {
			t.Fatal(err)
		}
	}
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "folder.go"), 0o755) })
	onEach(t, func(t *testing.T, ctx context.Context) {
		got, err := hashTree(ctx, tree{dir: dir}, ignore)
		if err != nil || got.Files != 4 || got.Unreadable != 2 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestPipelineFolderThatIsGone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "gone")
	onEach(t, func(t *testing.T, ctx context.Context) {
		if got, err := hashTree(ctx, tree{dir: dir}, ignore); err != nil || got.Files != 0 || got.Unreadable != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

func TestPipelineCanceledMidwayHasPartialCounts(t *testing.T) {
	const enough = 20
	dir := writeTree(t, 200)
	onEach(t, func(t *testing.T, ctx context.Context) {
		var got totals
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) (err error) {
			got, err = hashTree(ctx, tree{dir: dir}, func(sum totals) {
				if sum.Files == enough {
					scope.Cancel("enough")
				}
			})
			return err
		})
		if err != nil || got.Files != enough || got.Lines == 0 || got.Bytes != 10*got.Lines {
			t.Errorf("got %+v, %v; want %d files", got, err, enough)
		}
	})
}
