package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// interpreter makes a program that answers in the place of Python.
func interpreter(t *testing.T, script string) string {
	t.Helper()
	sh, err := os.Stat("/bin/sh")
	if err != nil || sh.IsDir() {
		t.Skip("no /bin/sh here")
	}
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\ncat >/dev/null\n"+script+"\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func measured() []row {
	return []row{
		{Shape: "S2", Backend: "parallel", Unit: "ns", Ours: 100},
		{Shape: "S2", Backend: "parallel", Unit: "ns", Ours: 100, Peer: "a further one"},
		{Shape: "S2", Backend: "eventloop", Unit: "ns", Ours: 200},
		{Shape: "S9b", Backend: "parallel", Unit: "B", Ours: 3000},
		{Shape: "V2", Backend: "sim", Unit: "ns", Ours: 90},
	}
}

func TestPythonRowsStandBesideOurs(t *testing.T) {
	// It answers only for trio, with all arguments as a check on them.
	py := interpreter(t, `[ "$*" = "- trio 0.3 S2 V2" ] || { echo "ModuleNotFoundError: $2" >&2; exit 1; }
echo '{"S2": 4000, "V2": 5000}'`)
	var rows []row
	var remarks []string
	python([]string{py}, measured(), func(r row) { rows = append(rows, r) },
		func(format string, args ...any) { remarks = append(remarks, fmt.Sprintf(format, args...)) })
	if len(rows) != 2 {
		t.Fatalf("%d rows, want those of S2 on both real backends: %+v", len(rows), rows)
	}
	for i, want := range []struct {
		backend string
		met     bool
	}{{"parallel", true}, {"eventloop", false}} {
		if r := rows[i]; r.Backend != want.backend || r.Met != want.met || r.Peer != "python-trio" || r.Theirs != 4000 {
			t.Errorf("row %d is %+v, want %+v", i, r, want)
		}
	}
	if len(remarks) != 2 || !strings.Contains(remarks[0], "ModuleNotFoundError: asyncio") {
		t.Errorf("remarks are %q, want the reason for asyncio and for uvloop", remarks)
	}
}

func TestMissingPythonIsRemarked(t *testing.T) {
	remarks := 0
	python([]string{filepath.Join(t.TempDir(), "none")}, measured(), func(r row) { t.Errorf("row %+v from nothing", r) },
		func(string, ...any) { remarks++ })
	if remarks != 3 {
		t.Errorf("%d remarks, want one for each of Python's backends", remarks)
	}
}
