package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// usesUnsafe are the files that may use package unsafe beside naming addresses for
// package race.
var usesUnsafe = map[string]string{
	"internal/race/race.go":           "what the race detector is told goes by addresses",
	"internal/race/norace.go":         "has the signatures of race.go",
	"internal/eventloop/sys_linux.go": "arguments of system calls",
	"internal/sysio/sysio_linux.go":   "arguments of system calls",
	"internal/poll/poll_epoll.go":     "arguments of system calls",
	"internal/kernel/group.go":        "a scope that is the first field of a group",
	"internal/kernel/entry.go":        "a task that is its goroutine's closure: checked when the program starts",
}

// assembly are the files that are not Go.
var assembly = map[string]string{
	"internal/waitq/release_amd64.s": "a store that releases a lock, which Go has not",
	"internal/fetch/fetch_amd64.s":   "hints to the processor's caches, which Go has not",
}

// TestNothingIsGuessedAboutTheRuntime: what the language and the standard library promise
// is what the module is built on, not where a version of Go keeps something, and on none
// of the runtime's functions that are not its users'. What is not so stands in a table,
// and in DESIGN.md with what it is good for.
func TestNothingIsGuessedAboutTheRuntime(t *testing.T) {
	used, files := map[string]bool{}, 0
	goFiles(t, func(path string) {
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		files++
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		for _, group := range file.Comments {
			for _, c := range group.List {
				if strings.HasPrefix(c.Text, "//go:linkname") {
					t.Errorf("%s: linkname", fset.Position(c.Pos()))
				}
			}
		}
		for _, at := range unsafeUses(file) {
			used[name] = true
			if usesUnsafe[name] == "" {
				t.Errorf("%s: unsafe is for package race, and for the files in the table", fset.Position(at))
			}
		}
	})
	for name := range usesUnsafe {
		if !used[name] {
			t.Errorf("%s uses no unsafe: take it from the table", name)
		}
	}
	if files < 300 {
		t.Fatalf("only %d files were looked at", files)
	}
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if name, _ := filepath.Rel(root, path); filepath.Ext(path) == ".s" && assembly[filepath.ToSlash(name)] == "" {
			t.Errorf("%s: assembly", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// unsafeUses is where a file uses package unsafe, but for unsafe.Pointer(&x) or of a
// pointer as an argument of a function of package race.
func unsafeUses(file *ast.File) (at []token.Pos) {
	forRace := map[ast.Node]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		if f, ok := call.Fun.(*ast.SelectorExpr); ok && isName(f.X, "race") {
			for _, arg := range call.Args {
				if address, ok := arg.(*ast.CallExpr); ok {
					forRace[address.Fun] = true
				}
			}
		}
		return true
	})
	ast.Inspect(file, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok && isName(s.X, "unsafe") && !forRace[s] {
			at = append(at, s.Pos())
		}
		return true
	})
	return at
}

func isName(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}
