package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// What the kernel does for its own purposes must not be seen by the race detector: it
// would order tasks that have nothing to do with each other, or be taken for a race
// of theirs. So its locks and atomics are those of package quiet, and its functions
// are go:norace, the closures in them very short, as they are not.
func TestKernelIsQuiet(t *testing.T) {
	const synchronizes = "a true lock, which is what it is for"
	allowed := map[string]string{
		"vars.go":   synchronizes,
		"stacks.go": "what it computes once has nothing to do with tasks",
	}
	files, functions := 0, 0
	goFiles(t, func(path string) {
		pkg, name := packageOf(path), filepath.Base(path)
		switch {
		case strings.HasSuffix(name, "_test.go"):
			return
		case pkg != "internal/kernel" && !(pkg == "internal/waitq" && name == "queue.go") && pkg != "internal/timerq":
			return
		}
		files++
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, spec := range file.Imports {
			if p := spec.Path.Value; (p == `"sync"` || p == `"sync/atomic"`) && allowed[name] == "" && spec.Name == nil {
				t.Errorf("%s imports %s: use internal/quiet", path, p)
			}
		}
		for _, decl := range file.Decls {
			fn, ok := decl.(*ast.FuncDecl)
			if !ok || name == "network.go" {
				continue
			}
			functions++
			if fn.Doc == nil || !hasDirective(fn.Doc, "//go:norace") {
				t.Errorf("%s: %s is not marked go:norace", fset.Position(fn.Pos()), fn.Name.Name)
			}
			ast.Inspect(fn, func(n ast.Node) bool {
				if lit, ok := n.(*ast.FuncLit); ok && fset.Position(lit.End()).Line-fset.Position(lit.Pos()).Line > 10 {
					t.Errorf("%s: a closure is not go:norace with its function: call one that is", fset.Position(lit.Pos()))
				}
				return true
			})
		}
	})
	if files < 20 || functions < 150 {
		t.Fatalf("only %d files with %d functions were looked at", files, functions)
	}
}

func hasDirective(doc *ast.CommentGroup, directive string) bool {
	for _, c := range doc.List {
		if c.Text == directive {
			return true
		}
	}
	return false
}
