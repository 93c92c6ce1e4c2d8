package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestUse(t *testing.T) {
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	for _, c := range []struct{ args, want string }{
		{"", "want the ID of one process; anyio ps lists them"},
		{"1 2", "want the ID of one process; anyio ps lists them"},
		{"x", `"x" is no process ID`},
		{"-- -5", `"-5" is no process ID`},
		{"-every 0 1", "-every must be more than 0"},
		{"-nosuch 1", "flag provided but not defined: -nosuch"},
		{"1", "the output is no terminal: anyio tree 1 prints what there is once"},
	} {
		var stderr bytes.Buffer
		if status := run(strings.Fields(c.args), out, &stderr); status != exitUsage || stderr.String() != "anyio-top: "+c.want+"\n" {
			t.Errorf("%s: status %d, %s", c.args, status, &stderr)
		}
	}
	var stderr bytes.Buffer
	status := run([]string{"-h"}, out, &stderr)
	data, err := os.ReadFile(out.Name())
	if status != exitOK || err != nil || !bytes.Contains(data, []byte("usage: anyio-top [flags] pid")) || !bytes.Contains(data, []byte("-long")) || stderr.Len() > 0 {
		t.Errorf("-h: status %d, %v, %s%s", status, err, data, &stderr)
	}
}
