package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strings"
	"testing"
)

// testSources is what tests use.
type testSources struct {
	uses  map[declaration][]map[string]bool // the identifiers in it and its namesakes
	tests map[string][]string               // test -> folders
	known map[string]map[string]bool        // test -> what was found
}

// A declaration is a function, a method, a type or a variable in a folder.
type declaration struct{ dir, name string }

// readTests reads the test files of all packages, and package anyiotest, whose suites
// are tests for others.
func readTests(t *testing.T) *testSources {
	t.Helper()
	s := &testSources{map[declaration][]map[string]bool{}, map[string][]string{}, map[string]map[string]bool{}}
	goFiles(t, func(path string) {
		dir := packageOf(path)
		isTest := strings.HasSuffix(path, "_test.go")
		if !isTest && dir != "anyiotest" && dir != "internal/testkit" {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, decl := range file.Decls {
			s.addDecl(dir, decl)
			if f, ok := decl.(*ast.FuncDecl); ok && isTest && f.Recv == nil && testName.MatchString(f.Name.Name) {
				s.tests[f.Name.Name] = append(s.tests[f.Name.Name], dir)
			}
		}
	})
	if len(s.tests) < 300 {
		t.Fatalf("only %d tests were found", len(s.tests))
	}
	return s
}

// addDecl takes what is declared.
func (s *testSources) addDecl(dir string, decl ast.Decl) {
	switch d := decl.(type) {
	case *ast.FuncDecl:
		s.add(dir, d.Name.Name, d)
		if d.Recv != nil && d.Name.IsExported() { // a callback: who has the type has it called
			s.add(dir, baseType(d.Recv.List[0].Type), d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch x := spec.(type) {
			case *ast.ValueSpec:
				for _, n := range x.Names {
					s.add(dir, n.Name, x)
				}
			case *ast.TypeSpec:
				s.add(dir, x.Name.Name, x)
			}
		}
	}
}

func (s *testSources) add(dir, name string, n ast.Node) {
	used := map[string]bool{}
	ast.Inspect(n, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.Ident:
			used[x.Name] = true
		case *ast.SelectorExpr:
			if pkg, ok := x.X.(*ast.Ident); ok && (pkg.Name == "anyiotest" || pkg.Name == "testkit") {
				used[pkg.Name+"."+x.Sel.Name] = true
			}
		}
		return true
	})
	d := declaration{dir, name}
	s.uses[d] = append(s.uses[d], used)
}

func (s *testSources) has(test string) bool { return s.tests[test] != nil }

// use reports whether the test has one of the identifiers in it, or in what it uses
// of its package, of anyiotest or of testkit, or in the TestMain that runs it.
func (s *testSources) use(test string, ids []string) bool {
	all := s.known[test]
	if all == nil {
		all = map[string]bool{}
		s.known[test] = all
		seen := map[declaration]bool{}
		for _, dir := range s.tests[test] {
			s.follow(declaration{dir, test}, seen, all)
			for _, used := range s.uses[declaration{dir, "TestMain"}] {
				maps.Copy(all, used)
			}
		}
	}
	return slices.ContainsFunc(ids, func(id string) bool { return all[id] })
}

// follow adds to all what d and what it uses has in it.
func (s *testSources) follow(d declaration, seen map[declaration]bool, all map[string]bool) {
	if seen[d] {
		return
	}
	seen[d] = true
	for _, used := range s.uses[d] {
		for id := range used {
			all[id] = true
			if suite, ok := strings.CutPrefix(id, "anyiotest."); ok {
				s.follow(declaration{"anyiotest", suite}, seen, all)
			} else if helper, ok := strings.CutPrefix(id, "testkit."); ok {
				s.follow(declaration{"internal/testkit", helper}, seen, all)
			} else {
				s.follow(declaration{d.dir, id}, seen, all)
			}
		}
	}
}
