package anyiotest

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/anyio-go/anyio/sim"
)

// wantsArtifacts reports whether go test keeps what tests leave in their artifact
// directories: they are temporary without the flag -artifacts.
func wantsArtifacts() bool {
	f := flag.Lookup("test.artifacts")
	return f != nil && f.Value.String() == "true"
}

// pageFile is the name of the page of a run among the artifacts of its test.
const pageFile = "trace.html"

// writePage writes the page of a run to the artifacts of its test, and returns its path. A
// second one is trace-2.html.
func writePage(t testing.TB, trace *sim.Trace) (path string, err error) {
	dir := t.ArtifactDir()
	create := func(name string) (*os.File, error) {
		path = filepath.Join(dir, name)
		return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	}
	f, err := create(pageFile)
	for n := 2; errors.Is(err, fs.ErrExist); n++ {
		f, err = create(fmt.Sprintf("trace-%d.html", n))
	}
	if err != nil {
		return "", err
	}
	return path, errors.Join(trace.WriteHTML(f, t.Name()), f.Close())
}

// keepPage makes a failing test leave the page of its simulated run, if go test keeps it.
func keepPage(t *testing.T, cfg *sim.Config) {
	if !wantsArtifacts() || cfg.Trace != nil {
		return
	}
	trace := &sim.Trace{}
	cfg.Trace = trace
	t.Cleanup(func() {
		if !t.Failed() {
			return
		}
		if path, err := writePage(t, trace); err != nil {
			t.Logf("the page of the run was not written: %v", err)
		} else {
			t.Logf("page: %s", path)
		}
	})
}
