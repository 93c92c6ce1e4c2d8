package main

import (
	"bytes"
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
	var remarks []string
	rows := python([]string{py}, measured(), func(format string, args ...any) { remarks = append(remarks, fmt.Sprintf(format, args...)) })
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
	rows := python([]string{filepath.Join(t.TempDir(), "none")}, measured(), func(string, ...any) { remarks++ })
	if len(rows) > 0 {
		t.Errorf("rows %+v from nothing", rows)
	}
	if remarks != 3 {
		t.Errorf("%d remarks, want one for each of Python's backends", remarks)
	}
}

// The rows of AnyIO for Python are part of the table.
func TestPythonIsInTheTable(t *testing.T) {
	old, before := full, interpreters
	full = tiny
	full.full = true
	defer func() { full, interpreters = old, before }()
	py := interpreter(t, `echo '{"S3": 4000}'`)
	var out, errs bytes.Buffer
	if code := run([]string{"-full", "-python", py, "-run", "S3/eventloop", "-markdown"}, &out, &errs); code != 0 || errs.Len() > 0 {
		t.Fatalf("exit %d: %s", code, errs.String())
	}
	for _, kind := range []string{"asyncio", "uvloop", "trio"} {
		if !strings.Contains(out.String(), "| python-"+kind+" | 4.00 µs |") {
			t.Errorf("no python-%s in\n%s", kind, out.String())
		}
	}
}
