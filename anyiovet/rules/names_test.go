package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
)

// TestNamesAreOfTheAPI looks up what rules know by name, and what they advise, in the
// lists of what packages export: a rule is silent about a function that is renamed.
func TestNamesAreOfTheAPI(t *testing.T) {
	name := regexp.MustCompile(`\b([a-z]+)\.([A-Z]\w*)(?:\.([A-Z]\w*))?`)
	found := 0
	for _, pattern := range []string{"*.go", "../internal/api/*.go"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range files {
			fset := token.NewFileSet()
			file, err := parser.ParseFile(fset, path, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(file, func(n ast.Node) bool {
				lit, ok := n.(*ast.BasicLit)
				if !ok || lit.Kind != token.STRING {
					return true
				}
				text, err := strconv.Unquote(lit.Value)
				if err != nil {
					t.Fatal(err)
				}
				for _, m := range name.FindAllStringSubmatch(text, -1) {
					list, err := os.ReadFile("../../api/" + m[1] + ".txt")
					if os.IsNotExist(err) {
						continue // a package of the standard library
					}
					exported := `(func|const|var|type) ` + m[2] + `\b`
					if m[3] != "" {
						exported = `method \(\*?` + m[2] + `(\[\w+\])?\) ` + m[3] + `\b`
					}
					if !regexp.MustCompile(`(?m)^pkg ` + m[1] + `, ` + exported).Match(list) {
						t.Errorf("%s: there is no %s", fset.Position(lit.Pos()), m[0])
					}
					found++
				}
				return true
			})
		}
	}
	if found < 40 {
		t.Errorf("only %d names found", found)
	}
}
