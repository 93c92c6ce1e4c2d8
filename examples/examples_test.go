// Package examples_test runs every example and looks at what it prints.
package examples_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// wants lists what must be in an example's output.
var wants = map[string][]string{
	"build": {
		"parser  | compiling parser\n",
		"app     | compiling app\nall is made\n",
		"broken  | broken.go:7: undefined: x\n",
		"failed: broken: exit code 3\nnobody has waited for the endless one: true\n",
	},
	"chat": {
		"ann: hello\n",
		" cat's link is cut\n",
		"ann     * cat has gone: too slow\n",
		"ben     ann: and so on\n",
		" cat's link is mended\n",
		"cat     ben: there you are, cat\n",
		"cat     * the server is going down\n",
	},
	"errgroup": {
		"sizes, in the order of the pages: [1600 1700 1800 1900]",
		"  disk: disk full",
		"  upload: the partial upload could not be removed",
		`task "parser" panicked with "index out of range", and its host recovered`,
	},
	"httphandler": {
		`/page    client: 200 "user, orders, news left out"`,
		"         server: answered, 0 loads still running",
		`/broken  client: 500 "orders: no such table: ordres\n"`,
		"/slow    client: gave up",
		"         server: client went away, 0 loads still running",
	},
	"loops": {
		"echo: 10 connections on loop 0\necho: 10 connections on loop 1\necho: 10 connections on loop 2\n",
		"http: 30 answers\nthe end: <nil>\n",
	},
	"periodic": {
		"run 3: gave up (anyio: timeout: not done within 45ms)",
		"stopped; nothing is left running",
	},
	"pipeline": {
		"parallel  22 words: a 5 its 3 task 3 group 2 owns 2 scope 2",
		"eventloop 22 words: a 5 its 3 task 3 group 2 owns 2 scope 2",
	},
	"replay": {
		": the balance is 200, not 300",
		"with the lock, all 1000 seeds end with 300",
	},
	"shutdown": {
		"the end: ",
		"mail   saved its items: true",
		"orders saved its items: true",
		"search saved its items: true",
	},
	"thumbnails": {
		"0.png: made, smaller than a kilobyte: true\n",
		"5.png: made, smaller than a kilobyte: true\n",
		"6.png: png: invalid format: not a PNG file\n",
		"7.png: process: the worker of \"shrink\" is broken: it ended with code 2\n",
	},
	"smtpd": {
		"from client0@example.org to [ann@example.org], 13000 bytes\n",
		"client2: <nil>\n",
	},
	"stuck": {
		"deadlock: 2 tasks wait for each other\n",
		"  alice to bob #2 waits for the Lock that bob to alice #3 holds since stuck/main.go:",
		"└─ audit #4 waiting for Event.Wait",
	},
	"tlsproxy": {
		"first : HELLO\nfirst : finished in good order: true\n",
		"open connections have 300ms to finish\n",
		"late  : refused: true\nsecond: NOW I AM DONE\nsecond: finished in good order: true\n",
		"proxy: the time is over, the rest was cut\n",
		"third : cut, and knows that this was not all: true\n",
	},
	"workerpool": {
		"limit  4: 60 images, 1830000 pixels, at most 4 at once",
		"2 of 2 tokens are borrowed, 3 jobs wait",
	},
}

func TestExamples(t *testing.T) {
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command to build the examples with")
	}
	mains, err := filepath.Glob("*/main.go")
	mains = slices.DeleteFunc(mains, func(main string) bool { // those that are modules
		_, err := os.Stat(filepath.Join(filepath.Dir(main), "go.mod"))
		return err == nil
	})
	if err != nil || len(mains) != len(wants) {
		t.Fatalf("there are %d examples (%v), and %d outputs to expect", len(mains), err, len(wants))
	}
	bin := t.TempDir()
	if out, err := exec.Command("go", "build", "-o", bin+string(os.PathSeparator), "./...").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for _, main := range mains {
		name := filepath.Dir(main)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(bin, name)
			if runtime.GOOS == "windows" {
				path += ".exe"
			}
			var stdout, stderr bytes.Buffer
			cmd := exec.Command(path)
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Run(); err != nil || stderr.Len() > 0 {
				t.Fatalf("%v\nstderr:\n%s\nstdout:\n%s", err, &stderr, &stdout)
			}
			got := strings.ReplaceAll(stdout.String(), "\r\n", "\n")
			for _, want := range wants[name] {
				if !strings.Contains(got, want) {
					t.Errorf("no %q in:\n%s", want, got)
				}
			}
		})
	}
}
