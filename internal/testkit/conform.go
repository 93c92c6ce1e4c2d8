package testkit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testlog"
)

// conformance are the packages whose tests a backend has to pass. Left out are those
// that compare the list of all backends.
var conformance = []string{".", "./stream", "./lowlevel"}

const namesBackends = "^TestBackendsAreFoundByName"

// Conformance runs the tests that every backend has to pass on those of some names. They are
// linked into them by a file that is not there: source is that without its package clause.
func Conformance(t *testing.T, source string, backends ...string) {
	if testing.Short() {
		t.Skip("compiles programs, and runs the tests of other packages")
	}
	if race.Enabled || testing.CoverMode() != "" {
		t.Skip("the programs that it runs are not instrumented")
	}
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	for i, pkg := range conformance {
		name := strings.TrimPrefix(pkg, "./")
		if pkg == "." {
			name = "anyio"
		}
		file := filepath.Join(dir, fmt.Sprintf("%d.go", i))
		if err := os.WriteFile(file, []byte("package "+name+"_test\n\n"+source), 0o644); err != nil {
			t.Fatal(err)
		}
		replace[filepath.Join(root, pkg, "backends_linked_test.go")] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	list := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(list, overlay, 0o644); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"test", "-json", "-short", "-vet=off", "-timeout=5m", "-overlay", list, "-skip", namesBackends}, conformance...)
	cmd := exec.Command("go", args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "ANYIO_BACKENDS="+strings.Join(backends, ","))
	out, failed := cmd.CombinedOutput()
	log, err := testlog.Read(bytes.NewReader(out))
	if failed != nil {
		t.Fatalf("%v\n%s", failed, log.Failures())
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range backends {
		if ran := log.Passed(func(name string) bool { return strings.Contains(name, "/"+b) }); ran < 300 {
			t.Errorf("only %d tests ran on %s", ran, b)
		}
	}
}
