package lint

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// What the root may have: a listing of it, and of its names, is read at one sitting.
const (
	maxRootFiles = 40
	maxRootNames = 90 // functions, types and groups of constants and variables, as go doc -short shows them
)

// TestRootIsSmall: what the root gains must take the place of something, or be a package.
func TestRootIsSmall(t *testing.T) {
	fset := token.NewFileSet()
	var files []*ast.File
	goFiles(t, func(path string) {
		if packageOf(path) != "." || strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	})
	if n := len(files); n == 0 || n > maxRootFiles {
		t.Errorf("the root has %d source files, want at most %d", n, maxRootFiles)
	}
	p, err := doc.NewFromFiles(fset, files, module)
	if err != nil {
		t.Fatal(err)
	}
	names := len(p.Funcs) + len(p.Types) + len(p.Consts) + len(p.Vars)
	if names == 0 || names > maxRootNames {
		t.Errorf("the root has %d names, want at most %d", names, maxRootNames)
	}
}
