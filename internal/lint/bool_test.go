package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// switches returns the exported functions and methods of a file that take a bool, which
// tells nothing where they are called. A setter is given what its name says.
func switches(file *ast.File) (names []string) {
	for _, d := range file.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || !f.Name.IsExported() || strings.HasPrefix(f.Name.Name, "Set") {
			continue
		}
		if f.Recv != nil && !ast.IsExported(baseType(f.Recv.List[0].Type)) {
			continue
		}
		for _, p := range f.Type.Params.List {
			if x, ok := p.Type.(*ast.Ident); ok && x.Name == "bool" {
				names = append(names, f.Name.Name)
			}
		}
	}
	return names
}

func TestNoFunctionTakesABool(t *testing.T) {
	for pkg, files := range parsePublicPackages(t) {
		for _, file := range files {
			for _, name := range switches(file) {
				t.Errorf("%s: %s takes a bool: make it two functions, or an option with a name", pkg, name)
			}
		}
	}
}

func TestFunctionsThatTakeABoolAreSeen(t *testing.T) {
	for code, want := range map[string]bool{
		"func F(on bool) {}":               true,
		"func (s *S) F(n int, on bool) {}": true,
		"func (s *S) SetF(on bool) {}":     false,
		"func (s *s) F(on bool) {}":        false,
		"func f(on bool) {}":               false,
		"func F(f func() bool) bool {}":    false,
	} {
		file, err := parser.ParseFile(token.NewFileSet(), "f.go", "package p\n"+code, 0)
		if err != nil {
			t.Fatal(err)
		}
		if got := len(switches(file)) > 0; got != want {
			t.Errorf("%s: %v", code, got)
		}
	}
}
