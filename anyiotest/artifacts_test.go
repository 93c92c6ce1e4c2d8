package anyiotest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

// A kept is a recorder with artifacts.
type kept struct {
	*recorder
	dir string
}

func (k kept) ArtifactDir() string { return k.dir }

// wantPage says that there must be a page with a text.
func wantPage(t *testing.T, path, text string) {
	t.Helper()
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(string(page), "<!DOCTYPE html>") || !strings.Contains(string(page), text) {
		t.Errorf("%s is %.100q… without %q", path, page, text)
	}
}

func TestSearchLeavesAPage(t *testing.T) {
	b := bugs[0]
	r := kept{newRecorder(t), t.TempDir()}
	r.run(func() { anyiotest.Search(r, b.test, anyiotest.Schedules(5000)) })
	r.wantFailure(t, "page: with -artifacts, trace.html in the test's artifacts\nreplay: ")
	if left, err := os.ReadDir(r.dir); len(left) > 0 || err != nil {
		t.Errorf("without the flag it leaves %v, %v", left, err)
	}

	setFlag(t, "test.artifacts", "true")
	r = kept{newRecorder(t), t.TempDir()}
	r.run(func() { anyiotest.Search(r, b.test, anyiotest.Schedules(5000)) })
	path := filepath.Join(r.dir, "trace.html")
	r.wantFailure(t, "page: "+path+"\n", "note: search_test.go:", "the counter is 3")
	wantPage(t, path, "the counter is 3")

	first := path
	r.log.Reset()
	r.run(func() { anyiotest.Search(r, b.test, anyiotest.Schedules(5000)) })
	path = filepath.Join(r.dir, "trace-2.html")
	r.wantFailure(t, "page: "+path+"\n")
	wantPage(t, first, "the counter is 3")
	wantPage(t, path, "the counter is 3")

	setFlag(t, "anyio.replay", replayToken.FindStringSubmatch(r.text())[1])
	r = kept{newRecorder(t), t.TempDir()}
	r.run(func() { anyiotest.Search(r, b.test) })
	path = filepath.Join(r.dir, "trace.html")
	r.wantFailure(t, "page: "+path)
	wantPage(t, path, "the counter is 3")
}

// pageVar makes TestRunThatFails fail, in a process of its own.
const pageVar = "ANYIOTEST_PAGE"

func TestRunThatFails(t *testing.T) {
	if os.Getenv(pageVar) == "" {
		t.Skip("it is for TestRunLeavesAPage")
	}
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		testkit.Must(t, anyio.Sleep(ctx, 0))
		if strings.HasSuffix(t.Name(), "seed=2") {
			t.Error("this seed fails")
		}
	}, anyiotest.Only("sim"))
}

func TestRunLeavesAPage(t *testing.T) {
	if testing.Short() {
		t.Skip("it runs the test's program again")
	}
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestRunThatFails$", "-test.artifacts", "-test.outputdir="+dir, "-test.v")
	cmd.Dir, cmd.Env = dir, append(os.Environ(), pageVar+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Fatal("it did not fail")
	}
	_, path, found := strings.Cut(string(out), "page: ")
	path, _, _ = strings.Cut(path, "\n")
	if !found || !strings.HasPrefix(path, dir) || strings.Count(string(out), "page: ") != 1 {
		t.Fatalf("it has not told where one page is in %s:\n%s", dir, out)
	}
	wantPage(t, path, "seed=2")
}
