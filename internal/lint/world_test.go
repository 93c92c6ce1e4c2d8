package lint

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// knowsBackends are the packages and files that may know one backend from another.
var knowsBackends = map[string]string{
	"internal/parallel":  "a backend",
	"internal/eventloop": "a backend",
	"internal/simloop":   "a backend",
	"internal/plainloop": "a backend",
	"internal/scatter":   "a backend",
	"internal/loop":      "what two backends are made of",
	"internal/realworld": "what two backends are made of",
	"sim":                "makes the simulator",
	"run.go":             "makes the others, and finds one by its name",
	"run_loops.go":       "makes a team of event loops, and one that is a guest",
	"anyiotest/run.go":   "runs tests on those that are named",
	"internal/testkit":   "tells tests where they run",
}

// TestNoFeatureAsksWhereItRuns: whatever is different in a simulation, on a loop or in the
// real world is done by the run's kernel.Backend and its World, which a feature asks to
// do it. So it is the same program everywhere, and a new backend needs no change of it.
func TestNoFeatureAsksWhereItRuns(t *testing.T) {
	files := 0
	goFiles(t, func(path string) {
		pkg := packageOf(path)
		file := strings.TrimPrefix(path, root+"/")
		if strings.HasSuffix(path, "_test.go") || knowsBackends[pkg] != "" || knowsBackends[file] != "" {
			return
		}
		files++
		fset := token.NewFileSet()
		parsed, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if asks := asksWhereItRuns(n, pkg, parsed.Name.Name); asks != "" {
				t.Errorf("%s: it %s: let the run's Backend or its World do what is different", fset.Position(n.Pos()), asks)
			}
			return true
		})
	})
	if files < 300 {
		t.Fatalf("only %d files were looked at", files)
	}
}

// asksWhereItRuns says how code asks which backend it runs on, "" if it does not.
func asksWhereItRuns(n ast.Node, dir, pkg string) string {
	const compares = "compares with the name of a backend"
	inKernel := dir == "internal/kernel"
	switch x := n.(type) {
	case *ast.ImportSpec:
		path, _ := strconv.Unquote(x.Path.Value)
		imported, ours := strings.CutPrefix(path, module+"/")
		if ours && knowsBackends[imported] != "" && !(imported == "sim" && (pkg == "main" || pkg == "anyiotest")) {
			return "imports " + imported
		}
	case *ast.SelectorExpr:
		of, _ := x.X.(*ast.Ident)
		other := of != nil && (of.Name == "kernel" && x.Sel.Name == "Preempt" || of.Name == "asyncio" && x.Sel.Name == "Loop" || (of.Name == "info" || of.Name == "task") && x.Sel.Name == "Loop") // of an anyio.TaskInfo
		other = other || (dir == "inspect" || dir == "inspect/vars") && x.Sel.Name == "Loop"                                                                                                       // which loop it is, as it is shown
		switch name := x.Sel.Name; name {
		case "Loop", "Preempt", "Traits": // which are for the kernel
			if !inKernel && !other {
				return fmt.Sprintf("asks for %s of its run", name)
			}
		case "Virtual", "Simulated", "IsSimulated":
			return fmt.Sprintf("asks for %s", name)
		}
	case *ast.TypeAssertExpr:
		if of, ok := x.X.(*ast.SelectorExpr); ok && of.Sel.Name == "Backend" && !inKernel {
			return "asks for the type of its backend"
		}
	case *ast.BinaryExpr:
		if (x.Op == token.EQL || x.Op == token.NEQ) && (isBackendName(x.X) || isBackendName(x.Y)) {
			return compares
		}
	case *ast.CaseClause:
		if slices.ContainsFunc(x.List, isBackendName) {
			return compares
		}
	}
	return ""
}

// isBackendName reports whether an expression is the name of a backend.
func isBackendName(e ast.Expr) bool {
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return false
	}
	name, _ := strconv.Unquote(lit.Value)
	return slices.Contains([]string{"parallel", "eventloop", "sim", "trio", "asyncio"}, name)
}

func TestQuestionsWhereItRunsAreSeen(t *testing.T) {
	for code, want := range map[string]bool{
		`if r.Virtual { f() }`:                                     true,
		`if !p.Run().Loop { f() }`:                                 true,
		`if r.Traits.Preempt { f() }`:                              true,
		`if b.Name() == "sim" { f() }`:                             true,
		`switch name { case "x", "eventloop": f() }`:               true,
		`_, ok := r.Backend.(interface{ Steps() uint64 }); _ = ok`: true,
		`kernel.Preempt()`:                                         false,
		`if p.Name() == "" { f() }`:                                false,
		`if err := r.Admit(kernel.PortalIn); err != nil { f() }`:   false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() { "+code+" }", 0)
		if err != nil {
			t.Fatal(err)
		}
		seen := false
		ast.Inspect(file, func(n ast.Node) bool {
			seen = seen || asksWhereItRuns(n, "stream", "stream") != ""
			return true
		})
		if seen != want {
			t.Errorf("%s: seen is %v", code, seen)
		}
	}
}
