package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestMain lets the test be the program: go vet calls it as its tool.
func TestMain(m *testing.M) {
	if os.Getenv("ANYIOVET_IS_MAIN") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// program runs a command in the testdata with this test as anyiovet.
func program(t *testing.T, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = "testdata"
	cmd.Env = append(os.Environ(), "ANYIOVET_IS_MAIN=1", "GOFLAGS=", "GOWORK=off")
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("%s %q found nothing", name, args)
	}
	return string(out)
}

func TestDrivers(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for how, out := range map[string]string{
		"go vet": program(t, "go", "vet", "-vettool="+self, "./started"),
		"alone":  program(t, self, "./started"),
	} {
		found := filepath.Join("started", "started.go") + ":12:33: the task never calls started"
		if !strings.Contains(out, found) || strings.Count(out, "never calls") != 4 {
			t.Errorf("%s says:\n%s", how, out)
		}
	}
	if out := program(t, self, "-started=false", "./started", "./errcmp"); strings.Contains(out, "started") || !strings.Contains(out, "errors.Is") {
		t.Errorf("without the rule started:\n%s", out)
	}
}
