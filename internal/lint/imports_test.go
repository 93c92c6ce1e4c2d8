package lint

import (
	"go/parser"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// A layer is a package, what it may import of this module, and modules of others. Each
// stands on those above it, so that no arrow of the import graph runs up. The root is ".".
type layer struct{ pkg, imports, modules string }

const (
	goid = "github.com/petermattis/goid"
	sys  = "golang.org/x/sys"
	net  = "golang.org/x/net"
	text = "golang.org/x/text"
)

var layers = []layer{
	// Parts that are usable alone.
	{"internal/race", "", ""},
	{"internal/quiet", "", ""},
	{"internal/goid", "", goid},
	{"internal/fetch", "", ""},
	{"internal/bubble", "internal/quiet", ""},
	{"internal/errgraph", "internal/goid internal/quiet", ""},
	{"internal/remote", "", ""},
	{"internal/schedule", "", ""},
	{"internal/seldom", "", ""},
	{"internal/tasktree", "", ""},
	{"internal/timerq", "", ""},
	{"internal/unclosed", "", ""},
	{"internal/waitq", "internal/bubble internal/race", ""},
	{"internal/coro", "internal/goid", ""},
	{"internal/poll", "internal/race", sys},
	{"internal/realtime", "internal/bubble", ""},
	{"internal/sysio", "internal/race", sys},
	// The kernel knows no backend, the backends nothing of what is built on it.
	{"internal/kernel", "internal/bubble internal/coro internal/errgraph internal/goid internal/quiet internal/race internal/timerq internal/waitq", ""},
	{"internal/inside", "internal/kernel", ""},
	{"internal/ossignal", "internal/kernel", ""},
	{"internal/slots", "internal/kernel", ""},
	{"internal/tlsconf", "internal/kernel", net},
	{"internal/realworld", "internal/kernel internal/ossignal", ""},
	{"internal/netaddr", "internal/kernel", sys},
	{"internal/offload", "internal/kernel internal/waitq", ""},
	{"internal/interrupt", "internal/kernel internal/netaddr internal/offload internal/quiet internal/sysio", ""},
	{"internal/netconn", "internal/interrupt internal/kernel internal/netaddr internal/offload internal/poll", sys},
	{"internal/nettry", "internal/interrupt internal/kernel internal/netaddr internal/netconn", sys},
	{"internal/loop", "internal/coro internal/fetch internal/goid internal/kernel internal/quiet internal/race internal/timerq internal/waitq", ""},
	{"internal/parallel", "internal/bubble internal/kernel internal/netconn internal/quiet internal/race internal/realtime internal/realworld internal/timerq internal/waitq", ""},
	{"internal/eventloop", "internal/kernel internal/loop internal/netaddr internal/netconn internal/nettry internal/poll internal/quiet internal/race internal/realtime internal/realworld internal/sysio internal/waitq", sys},
	{"internal/scatter", "internal/eventloop internal/kernel", ""},
	{"internal/plainloop", "internal/kernel internal/loop internal/netconn internal/realtime internal/realworld", ""},
	{"internal/simnet", "internal/kernel internal/netaddr internal/race internal/schedule internal/waitq", ""},
	{"internal/simtrace", "internal/race", ""},
	{"internal/simloop", "internal/bubble internal/coro internal/fetch internal/kernel internal/loop internal/quiet internal/race internal/schedule internal/simnet internal/simtrace", ""},
	// What users import.
	{"attr", "", ""},
	{".", "internal/bubble internal/errgraph internal/eventloop internal/inside internal/kernel internal/loop internal/offload internal/parallel internal/quiet internal/race internal/slots internal/tasktree internal/waitq", ""},
	{"osthread", ". internal/inside internal/kernel", ""},
	{"cache", ". internal/inside internal/kernel", ""},
	{"lowlevel", ". internal/inside internal/kernel internal/waitq", ""},
	{"portal", ". internal/inside internal/kernel internal/quiet internal/race", ""},
	{"signals", ". internal/kernel internal/ossignal internal/unclosed internal/waitq", ""},
	{"sim", ". internal/kernel internal/schedule internal/simloop internal/simnet internal/simtrace", ""},
	{"stream", ". attr internal/errgraph internal/inside internal/kernel internal/offload internal/unclosed internal/waitq", sys + " " + text},
	{"aiter", ". lowlevel stream", ""},
	{"socket", ". attr internal/errgraph internal/inside internal/kernel internal/netaddr internal/netconn internal/seldom internal/slots internal/unclosed stream", net + " " + sys},
	{"tlsstream", ". attr internal/errgraph internal/inside internal/kernel internal/seldom internal/tlsconf lowlevel socket stream", ""},
	{"fileio", ". internal/inside internal/interrupt internal/kernel stream", sys},
	{"process", ". internal/errgraph internal/interrupt internal/kernel internal/remote stream", sys},
	{"asyncio", ". internal/goid internal/inside internal/kernel internal/netaddr internal/ossignal internal/seldom internal/tlsconf process socket tlsstream", ""},
	{"anyiohttp", ". internal/kernel stream", ""},
	{"anyiotest", ". internal/kernel internal/race portal sim stream", ""},
	{"anyioutils", ". internal/inside stream", ""},
	{"inspect", ". internal/kernel internal/remote internal/tasktree", ""},
	{"inspect/listen", "inspect", ""},
	{"inspect/vars", ". inspect internal/kernel", ""},
	// Programs, and what is for tests.
	{"cmd/anyio", ". attr fileio inspect signals sim socket stream tlsstream", ""},
	{"internal/linear", "", ""},
	{"internal/soak", ". lowlevel portal process socket stream", ""},
	{"internal/testlog", "", ""},
	{"internal/testkit", ". internal/kernel internal/race internal/schedule internal/simloop internal/testlog sim", ""},
	{"internal/testlog/failures", "internal/testlog", ""},
	{"internal/locktest", "", ""},
}

// examples may import what users do.
const examples = ". aiter anyiohttp asyncio attr cache fileio inspect process signals sim socket stream tlsstream"

// keptOut are packages of the standard library that cost a program much, by those that
// are to be had without.
var keptOut = map[string]string{
	"crypto/tls": ". fileio lowlevel process sim socket stream",
	"net/http":   ". fileio lowlevel process sim socket stream tlsstream",
	"os/exec":    ". fileio lowlevel sim socket stream tlsstream",
}

func layerOf(pkg string) (l layer, ok bool) {
	if pkg == "examples" || strings.HasPrefix(pkg, "examples/") {
		return layer{pkg, examples, ""}, true
	}
	i := slices.IndexFunc(layers, func(l layer) bool { return l.pkg == pkg })
	if i < 0 {
		return layer{}, false
	}
	return layers[i], true
}

// importWrong is what is wrong with an import, "" if nothing is.
func importWrong(l layer, imported string) string {
	if users := keptOut[imported]; slices.Contains(strings.Fields(users), l.pkg) {
		return "it costs programs much that do not use it"
	}
	if of, ok := strings.CutPrefix(imported, module); ok && (of == "" || of[0] == '/') {
		if of = strings.TrimPrefix(of, "/"); of == "" {
			of = "."
		}
		if !slices.Contains(strings.Fields(l.imports), of) {
			return "the table of layers does not have it"
		}
		return ""
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return ""
	}
	for _, m := range strings.Fields(l.modules) {
		if imported == m || strings.HasPrefix(imported, m+"/") {
			return ""
		}
	}
	return "a dependency needs a reason in DESIGN.md, and a place in the table of layers"
}

func TestImports(t *testing.T) {
	seen := map[string]bool{}
	goFiles(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		pkg := packageOf(path)
		l, ok := layerOf(pkg)
		if !ok && !seen[pkg] {
			t.Errorf("%s is not in the table of layers", pkg)
		}
		seen[pkg] = true
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			imported := strings.Trim(spec.Path.Value, `"`)
			seen[pkg+" "+imported] = true
			if wrong := importWrong(l, imported); wrong != "" {
				t.Errorf("%s imports %s: %s", path, imported, wrong)
			}
		}
	})
	for i, l := range layers {
		if !seen[l.pkg] {
			t.Errorf("there is no package %s", l.pkg)
		}
		for _, of := range strings.Fields(l.imports) {
			if !slices.ContainsFunc(layers[:i], func(below layer) bool { return below.pkg == of }) {
				t.Errorf("%s may import %s, which does not stand above it in the table", l.pkg, of)
			}
			path := module
			if of != "." {
				path += "/" + of
			}
			if !seen[l.pkg+" "+path] {
				t.Errorf("%s does not import %s: take it out of the table", l.pkg, of)
			}
		}
	}
}

func TestWrongImportsAreSeen(t *testing.T) {
	kernel, _ := layerOf("internal/kernel")
	rootLayer, _ := layerOf(".")
	for _, c := range []struct {
		l        layer
		imported string
		wrong    bool
	}{
		{kernel, module + "/internal/loop", true}, {kernel, module, true}, {kernel, module + "/internal/waitq", false},
		{kernel, goid, true}, {kernel, sys + "/unix", true}, {kernel, "time", false},
		{rootLayer, "net/http", true}, {rootLayer, module + "/stream", true}, {rootLayer, "golang.org/x/sync/errgroup", true},
	} {
		if wrong := importWrong(c.l, c.imported); (wrong != "") != c.wrong {
			t.Errorf("%s imports %s: %q", c.l.pkg, c.imported, wrong)
		}
	}
}
