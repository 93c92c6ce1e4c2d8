// Package lint holds the rules of the house that a test can check.
package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	root   = "../.."
	module = "github.com/anyio-go/anyio"
)

// goFiles calls f with every Go file of the main module.
func goFiles(t *testing.T, f func(path string)) {
	t.Helper()
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(root, path)
		if d.IsDir() && (isModule(path) || rel == ".git" || d.Name() == "testdata") {
			return fs.SkipDir
		}
		if strings.HasSuffix(path, ".go") {
			f(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// isModule reports whether a directory has a module of its own, which uses this one.
func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil && filepath.Clean(dir) != filepath.Clean(root)
}

func packageOf(path string) string {
	rel, _ := filepath.Rel(root, filepath.Dir(path))
	return filepath.ToSlash(rel)
}

// TestExportedNamesAreDocumented looks at every package that users can import.
func TestExportedNamesAreDocumented(t *testing.T) {
	names := 0
	documented := map[string]bool{} // packages with a package comment
	goFiles(t, func(path string) {
		pkg := packageOf(path)
		if strings.HasSuffix(path, "_test.go") {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		documented[pkg] = documented[pkg] || file.Doc.Text() != ""
		if strings.HasPrefix(pkg, "internal") || file.Name.Name == "main" {
			return
		}
		for _, decl := range file.Decls {
			for name, doc := range exported(decl) {
				names++
				if !doc {
					t.Errorf("%s: %s has no doc comment", path, name)
				}
			}
		}
	})
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no package comment", pkg)
		}
	}
	if names < 100 {
		t.Fatalf("only %d names were looked at", names)
	}
}

// exported lists the exported names of a declaration and whether each has a
// comment, its own or its group's.
func exported(decl ast.Decl) map[string]bool {
	names := map[string]bool{}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if !d.Name.IsExported() || d.Recv != nil && !exportedReceiver(d.Recv) {
			break
		}
		switch d.Name.Name {
		case "Error", "String", "Unwrap": // what they do is known
			names[d.Name.Name] = true
		default:
			names[d.Name.Name] = d.Doc.Text() != ""
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				if s.Name.IsExported() {
					names[s.Name.Name] = d.Doc.Text() != "" || s.Doc.Text() != ""
				}
			case *ast.ValueSpec:
				for _, n := range s.Names {
					if n.IsExported() {
						names[n.Name] = d.Doc.Text() != "" || s.Doc.Text() != "" || s.Comment.Text() != ""
					}
				}
			}
		}
	}
	return names
}

func exportedReceiver(recv *ast.FieldList) bool {
	typ := recv.List[0].Type
	for {
		switch x := typ.(type) {
		case *ast.StarExpr:
			typ = x.X
		case *ast.IndexExpr:
			typ = x.X
		case *ast.IndexListExpr:
			typ = x.X
		case *ast.Ident:
			return x.IsExported()
		default:
			return false
		}
	}
}

// featureTag is the ID of a feature as a mark in a comment.
var featureTag = regexp.MustCompile(`\[[A-Z][A-Z0-9]-\d\d\]`)

// TestNothingIsUnfinished looks for marks of work left undone, for tests that sleep, for
// comments with the IDs of features, and for files that hold more than one idea.
func TestNothingIsUnfinished(t *testing.T) {
	marks := []string{"TO" + "DO", "FIX" + "ME", "XX" + "X", "not " + "implemented"}
	goFiles(t, func(path string) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := string(data)
		for _, m := range marks {
			if strings.Contains(text, m) {
				t.Errorf("%s contains %q", path, m)
			}
		}
		if strings.HasSuffix(path, "_test.go") && strings.Contains(text, "time."+"Sleep(") {
			t.Errorf("%s sleeps: wait for an event, for all tasks blocked, or use the virtual clock", path)
		}
		if tag := featureTag.FindString(text); tag != "" {
			t.Errorf("%s names the feature %s: which name stands for which feature is said in docs/from-python.md", path, tag)
		}
		if n := strings.Count(text, "\n"); n > 450 {
			t.Errorf("%s has %d lines: a second idea may be hiding", path, n)
		}
	})
}
