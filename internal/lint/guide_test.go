package lint

import (
	"bytes"
	"fmt"
	"go/format"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"
)

// A snippet is a Go code block of a page and the output that the page promises:
// the text block right after it, if there is one.
type snippet struct {
	page string
	line int
	code string
	want string
	has  bool // want was given
}

// snippets reads the ```go blocks of a page. A block is a list of statements, or
// of declarations with a function run(ctx) error or with tests, or a whole program. With
// "go continued" it goes on with the declarations of the page's first block.
func snippets(t *testing.T, page string) []snippet {
	data, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all []snippet
	var block []string
	kind, start := "", 0
	waiting := false // the last block may still be followed by its output
	for i, line := range strings.Split(string(data), "\n") {
		fence, isFence := strings.CutPrefix(line, "```")
		switch {
		case !isFence && kind != "":
			block = append(block, line)
		case !isFence:
			waiting = waiting && strings.TrimSpace(line) == ""
		case kind == "":
			kind, start, block = fence+" ", i+1, nil
		default:
			text := strings.Join(block, "\n")
			switch n := len(all) - 1; {
			case kind == "go ", kind == "go continued " && n >= 0:
				if kind != "go " {
					text = all[0].code + "\n" + text
				}
				all = append(all, snippet{page: filepath.Base(page), line: start, code: text})
			case kind == "text " && waiting:
				all[n].want, all[n].has = text, true
			}
			waiting = kind == "go " || kind == "go continued "
			kind = ""
		}
	}
	return all
}

// imports are the packages that a snippet may use without saying so.
var imports = map[string]string{
	"anyio": module, "asyncio": module + "/asyncio", "aiter": module + "/aiter", "anyioutils": module + "/anyioutils", "cache": module + "/cache", "attr": module + "/attr", "osthread": module + "/osthread", "portal": module + "/portal", "signals": module + "/signals", "stream": module + "/stream", "sim": module + "/sim", "lowlevel": module + "/lowlevel",
	"anyiotest": module + "/anyiotest", "anyiohttp": module + "/anyiohttp", "socket": module + "/socket",
	"tlsstream": module + "/tlsstream", "fileio": module + "/fileio", "inspect": module + "/inspect", "tls": "crypto/tls",
	"bytes": "bytes", "context": "context", "errors": "errors", "fmt": "fmt", "io": "io", "os": "os", "sort": "sort", "process": module + "/process",
	"strings": "strings", "sync": "sync", "atomic": "sync/atomic", "testing": "testing", "synctest": "testing/synctest", "time": "time", "slices": "slices", "http": "net/http",
	"httptest": "net/http/httptest", "signal": "os/signal", "syscall": "syscall", "strconv": "strconv", "maps": "maps",
	"filepath": "path/filepath", "runtime": "runtime", "slog": "log/slog", "rand": "math/rand/v2", "sha256": "crypto/sha256",
}

var qualifier = regexp.MustCompile(`\b([a-z][a-z0-9]*)\.[A-Z]`)

var test = regexp.MustCompile(`(?m)^func (Test\w+)\(`)

// source makes a package out of a snippet, with a function Run.
func (s snippet) source(pkg string) string {
	var b strings.Builder
	if strings.Contains(s.code, "package main") {
		code := strings.Replace(s.code, "package main", "package "+pkg, 1)
		code = strings.Replace(code, "func main()", "func main_()", 1)
		return code + "\nfunc Run(context.Context) error { main_(); return nil }\n"
	}
	fmt.Fprintf(&b, "package %s\n", pkg)
	used := map[string]bool{"context": true}
	for _, m := range qualifier.FindAllStringSubmatch(s.code, -1) {
		used[m[1]] = true
	}
	var paths []string
	for name := range used {
		if path, ok := imports[name]; ok {
			paths = append(paths, path)
		}
	}
	sort.Strings(paths)
	for _, p := range paths {
		fmt.Fprintf(&b, "import %q\n", p)
	}
	if regexp.MustCompile(`(?m)^func `).MatchString(s.code) {
		b.WriteString(s.code)
		if regexp.MustCompile(`(?m)^func run\(`).MatchString(s.code) {
			b.WriteString("\nfunc Run(ctx context.Context) error { return run(ctx) }\n")
		} else if tests := test.FindAllStringSubmatch(s.code, -1); tests != nil {
			b.WriteString("\nfunc Run(context.Context) error {\nvar all []testing.InternalTest\n")
			for _, m := range tests {
				fmt.Fprintf(&b, "all = append(all, testing.InternalTest{Name: %q, F: %s})\n", m[1], m[1])
			}
			b.WriteString("testing.Main(func(string, string) (bool, error) { return true, nil }, all, nil, nil) // exits\nreturn nil\n}\n")
		} else {
			b.WriteString("\nfunc Run(context.Context) error { return nil }\n")
		}
		return b.String()
	}
	b.WriteString("func Run(ctx context.Context) error {\n_ = ctx\n" + s.code + "\nreturn nil\n}\n")
	return b.String()
}

// TestGuide compiles and runs every Go block of the README and the guide, and
// compares what it prints with what the page says.
func TestGuide(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles a program")
	}
	pages, err := filepath.Glob(filepath.Join(root, "docs", "guide", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	pages = append(pages, filepath.Join(root, "README.md"))
	var all []snippet
	for _, p := range pages {
		all = append(all, snippets(t, p)...)
	}
	if len(all) == 0 {
		t.Fatal("no Go block was found")
	}

	// One program holds all snippets; it is told which one to run.
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(mod), "module "+module, "module guide", 1)
	write("go.mod", text+"\nrequire "+module+" v0.0.0\nreplace "+module+" => "+filepath.ToSlash(abs)+"\n")
	write("go.sum", string(sum))
	var main strings.Builder
	main.WriteString("package main\nimport (\n\"context\"\n\"fmt\"\n\"os\"\n")
	for i := range all {
		fmt.Fprintf(&main, "\"guide/s%d\"\n", i)
	}
	main.WriteString(")\nfunc main() {\nrun := map[string]func(context.Context) error{\n")
	for i := range all {
		fmt.Fprintf(&main, "\"%d\": s%d.Run,\n", i, i)
	}
	main.WriteString("}[os.Args[1]]\nif err := run(context.Background()); err != nil { fmt.Println(\"error:\", err) }\n}\n")
	write("main.go", main.String())
	for i, s := range all {
		src := s.source(fmt.Sprintf("s%d", i))
		if _, err := format.Source([]byte(src)); err != nil {
			t.Fatalf("%s:%d: %v\n%s", s.page, s.line, err, src)
		}
		write(fmt.Sprintf("s%d/s.go", i), src)
	}
	bin := filepath.Join(dir, "guide.exe")
	build := exec.Command("go", "build", "-mod=mod", "-o", bin, ".")
	build.Dir = dir
	build.Env = append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off")
	if out, err := build.CombinedOutput(); err != nil {
		var where strings.Builder
		for i, s := range all {
			fmt.Fprintf(&where, "s%d is %s:%d\n", i, s.page, s.line)
		}
		t.Fatalf("%v\n%s\n%s", err, out, where.String())
	}
	for i, s := range all {
		t.Run(fmt.Sprintf("%s:%d", s.page, s.line), func(t *testing.T) {
			cmd := exec.Command(bin, fmt.Sprint(i))
			var stderr bytes.Buffer
			cmd.Stderr = &stderr
			out, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s%s", err, out, stderr.Bytes())
			}
			if got := strings.TrimSpace(string(out)); s.has && got != strings.TrimSpace(s.want) {
				t.Errorf("it prints\n%s\nthe page says\n%s", got, s.want)
			} else if !s.has && strings.HasPrefix(got, "error:") {
				t.Errorf("it fails: %s", got)
			}
		})
	}
}
