package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/anyio-go/anyio/anyiotest"
)

// TestMain looks for leaks after all tests.
func TestMain(m *testing.M) {
	sensors = 20
	dir, err := os.MkdirTemp("", "anyio-demo")
	if err != nil {
		panic(err)
	}
	pageDir = dir
	status := anyiotest.Main(m)
	_ = os.RemoveAll(dir)
	os.Exit(status)
}

// runMain runs the program with a context and returns what it did.
func runMain(t *testing.T, ctx context.Context, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, err bytes.Buffer
	status = run(ctx, args, stdio{strings.NewReader(""), &out, &err})
	return status, out.String(), err.String()
}

func TestBadUseIsOneLineAndStatus2(t *testing.T) {
	file := filepath.Join(writeTree(t, 1), "f000.go")
	for _, test := range []struct{ args, want string }{
		{"nosuch", `anyio: no such command: "nosuch"`},
		{"help nosuch", `anyio: no such command: "nosuch"`},
		{"demo -backend nosuch", `anyio demo: -backend: no such backend: "nosuch" (known: eventloop, eventloops, parallel, sim); or all`},
		{"demo -seed x", `anyio demo: invalid value "x" for flag -seed`},
		{"demo -seed -1", `anyio demo: invalid value "-1" for flag -seed`},
		{"demo -files -1", "anyio demo: -files: -1: expected 0 or more"},
		{"demo -files many", `anyio demo: invalid value "many" for flag -files`},
		{"demo -dir " + filepath.Join("no", "such", "folder"), "anyio demo: -dir: "},
		{"demo -dir " + file, "is not a folder"},
		{"demo -nosuch", "anyio demo: flag provided but not defined: -nosuch"},
		{"demo -json=perhaps", `anyio demo: invalid boolean value "perhaps" for -json`},
		{"demo more", `anyio demo: unexpected argument: "more"`},
		{"ps 1", `anyio ps: unexpected argument: "1"`},
		{"tree", "anyio tree: want the ID of one process; anyio ps lists them"},
		{"tree x", `anyio tree: "x" is no process ID`},
		{"top", "anyio top: want the ID of one process; anyio ps lists them"},
		{"top -every x 1", `anyio top: invalid value "x" for flag -every`},
		{"why 1", "anyio why: want the ID of a process and the number of a task; anyio tree shows them"},
		{"nc", "anyio nc: expected a host and a port, got 0 arguments"},
		{"nc localhost", "anyio nc: expected a host and a port, got 1 arguments"},
		{"nc -l", "anyio nc: expected a host and a port, got 0 arguments"},
		{"nc localhost 1 2", "anyio nc: expected a host and a port, got 3 arguments"},
		{"nc localhost http", `anyio nc: port "http": expected a number from 1 to 65535`},
		{"nc localhost 0", `anyio nc: port "0": expected a number from 1 to 65535`},
		{"nc -l 65536", `anyio nc: port "65536": expected a number from 1 to 65535`},
		{"nc -U", "anyio nc: expected one path, got 0 arguments"},
		{"nc -U a b", "anyio nc: expected one path, got 2 arguments"},
		{"nc -U -u a", "anyio nc: -U goes without -u"},
		{"nc -U -4 a", "anyio nc: -U goes without -u, -4 and -6"},
		{"nc -U -tls a", "anyio nc: -tls with -U needs -name or -insecure"},
		{"nc -u -tls localhost 1", "anyio nc: -tls goes without -u"},
		{"nc -4 -6 localhost 1", "anyio nc: -4 goes without -6"},
		{"nc -ca x localhost 1", "anyio nc: -cert, -key, -ca, -name and -insecure go with -tls only"},
		{"nc -l -tls -insecure 1", "anyio nc: -name and -insecure go without -l"},
		{"nc -tls -key x localhost 1", "anyio nc: -key goes with -cert only"},
		{"nc -timeout -1s localhost 1", "anyio nc: -timeout: -1s: expected 0 or more"},
		{"nc -timeout soon localhost 1", `anyio nc: invalid value "soon" for flag -timeout`},
		{"nc -backend sim localhost 1", "anyio nc: -backend: sim: it has a network of its own; expected parallel or eventloop"},
		{"nc -backend nosuch localhost 1", `anyio nc: -backend: no such backend: "nosuch"`},
		{"nc -nosuch", "anyio nc: flag provided but not defined: -nosuch"},
	} {
		status, stdout, stderr := runMain(t, t.Context(), strings.Fields(test.args)...)
		if status != exitUsage || stdout != "" {
			t.Errorf("%s: status %d, stdout %q; want %d and nothing", test.args, status, stdout, exitUsage)
		}
		if !strings.Contains(stderr, test.want) || strings.Count(stderr, "\n") != 1 || !strings.HasSuffix(stderr, "\n") {
			t.Errorf("%s: stderr %q, want one line with %q", test.args, stderr, test.want)
		}
	}
}

func TestHelp(t *testing.T) {
	for _, test := range []struct{ args, want string }{
		{"help", "demo "}, {"-h", "demo "}, {"help demo", "-backend name"}, {"demo -h", "-backend name"},
		{"help", "nc "}, {"help nc", "usage: anyio nc [flags] [host] port | -U path\n"}, {"nc -h", "-timeout duration"},
	} {
		status, stdout, stderr := runMain(t, t.Context(), strings.Fields(test.args)...)
		if status != exitOK || stderr != "" || !strings.Contains(stdout, test.want) {
			t.Errorf("%s: status %d, stderr %q, stdout without %q:\n%s", test.args, status, stderr, test.want, stdout)
		}
	}
	status, stdout, stderr := runMain(t, t.Context())
	if status != exitUsage || stdout != "" || !strings.Contains(stderr, "usage: anyio command") {
		t.Errorf("without a command: status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

func TestDemoText(t *testing.T) {
	status, stdout, stderr := runMain(t, t.Context(), "demo", "-dir", writeTree(t, 3), "-seed", "7")
	if status != exitOK || stderr != "" {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	for _, want := range []string{
		"the same code on parallel, eventloop and sim", "seed 7",
		"cut short, and the program moves on",
		"done: 080acf35a507",
		"The same result on all 3 backends.",
		"connects to localhost", "connects to server",
		"done: 100 messages came back over TCP\n", "done: 100 messages came back over TLS 1.3\n",
		"  the same\n", "  another order\n",
		"anyio: deadlock: every task waits and no timer is pending (seed ",
		`"withdraw" waits for Lock.Acquire at `,
		"\nDone in ",
	} {
		if !strings.Contains(stdout, want) {
			t.Errorf("no %q in:\n%s", want, stdout)
		}
	}
}

func TestDemoWritesAPage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "page.html")
	status, stdout, stderr := runMain(t, t.Context(), "demo", "-backend", "sim", "-dir", writeTree(t, 1), "-page", path)
	if status != exitOK || stderr != "" || !strings.Contains(stdout, "a page for a browser: "+path+"\n") {
		t.Errorf("status %d, stderr %q, stdout\n%s", status, stderr, stdout)
	}
	page, err := os.ReadFile(path)
	if err != nil || !strings.Contains(string(page), "anyio demo: two transfers") || !strings.Contains(string(page), "withdraw") {
		t.Errorf("the page is %.100q…, %v", page, err)
	}
	path = filepath.Join(t.TempDir(), "no", "folder", "page.html")
	if status, _, stderr = runMain(t, t.Context(), "demo", "-backend", "sim", "-dir", writeTree(t, 1), "-page", path); status != exitFailed || !strings.Contains(stderr, path) {
		t.Errorf("to a folder that is none: status %d, stderr %q", status, stderr)
	}
}

func TestDemoOnOneBackend(t *testing.T) {
	for _, name := range []string{"parallel", "eventloop", "asyncio"} {
		status, stdout, stderr := runMain(t, t.Context(), "demo", "-dir", writeTree(t, 3), "-backend", name)
		if status != exitOK || stderr != "" {
			t.Fatalf("%s: status %d, stderr %q", name, status, stderr)
		}
		if strings.Contains(stdout, "4. The simulator") || strings.Contains(stdout, "\nsim") {
			t.Errorf("%s: the simulator ran, too:\n%s", name, stdout)
		}
	}
}

// records runs the demo with -json and sorts what it prints by kind.
func records(t *testing.T, ctx context.Context, args ...string) (status int, byKind map[string][]map[string]any) {
	t.Helper()
	status, stdout, stderr := runMain(t, ctx, append([]string{"demo", "-json"}, args...)...)
	if stderr != "" {
		t.Fatalf("stderr %q", stderr)
	}
	byKind = map[string][]map[string]any{}
	for line := range strings.Lines(stdout) {
		var r map[string]any
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v in the line %q", err, line)
		}
		kind, _ := r["kind"].(string)
		byKind[kind] = append(byKind[kind], r)
	}
	return status, byKind
}

func TestDemoJSON(t *testing.T) {
	status, got := records(t, t.Context(), "-dir", writeTree(t, 3))
	if status != exitOK {
		t.Fatalf("status %d", status)
	}
	for kind, n := range map[string]int{
		"demo": 1, "section": 4, "moment": 36, "quickstart": 3, "echo": 3, "pipeline": 3, "agreement": 1,
		"simulation": 3, "deadlock": 1, "end": 1,
	} {
		if len(got[kind]) != n {
			t.Errorf("%d records of kind %q, want %d", len(got[kind]), kind, n)
		}
	}
	if got["agreement"][0]["same"] != true {
		t.Errorf("the backends do not agree: %v", got["pipeline"])
	}
	s := got["simulation"]
	if s[0]["trace"] != s[1]["trace"] || s[0]["trace"] == s[2]["trace"] || s[0]["virtual_s"] != 3600.0 {
		t.Errorf("simulated hours: %v", s)
	}
}

func TestDemoIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	status, got := records(t, ctx, "-dir", writeTree(t, 3))
	if status != exitInterrupted || got["end"][0]["interrupted"] != true {
		t.Errorf("status %d, %v", status, got["end"])
	}
	if len(got["quickstart"]) != 1 || len(got["pipeline"]) != 0 {
		t.Errorf("it went on: %v", got)
	}
}

// cancelAt is a writer that cancels when it is given some text.
type cancelAt struct {
	got    bytes.Buffer
	text   string
	cancel func()
}

func (c *cancelAt) Write(p []byte) (int, error) {
	if strings.Contains(string(p), c.text) {
		c.cancel()
	}
	return c.got.Write(p)
}

func TestDemoInterruptedInThePipelinePrintsCounts(t *testing.T) {
	for _, name := range []string{"parallel", "eventloop", "sim"} {
		ctx, cancel := context.WithCancel(t.Context())
		out := &cancelAt{text: "2. A pipeline", cancel: cancel}
		var stderr bytes.Buffer
		status := run(ctx, []string{"demo", "-backend", name, "-dir", writeTree(t, 300)}, stdio{out: out, err: &stderr})
		if got := out.got.String(); status != exitInterrupted || !strings.Contains(got, "(partial)") || !strings.Contains(got, "\nInterrupted: ") || stderr.Len() > 0 {
			t.Errorf("%s: status %d, stderr %q:\n%s", name, status, &stderr, got)
		}
	}
}
