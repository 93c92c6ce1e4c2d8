package lint

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var updateAPI = flag.Bool("update-api", false, "write the exported surface to the folder api")

// publicPackages are those that users import.
var publicPackages = func() (all []string) {
	for _, l := range layers {
		if first, _, _ := strings.Cut(l.pkg, "/"); first != "internal" && first != "cmd" {
			all = append(all, l.pkg)
		}
	}
	return all
}()

// A surface is what a package exports, a line each, as Go's own api files have it.
type surface struct {
	name     string
	lines    map[string]bool
	embedded map[string]bool // types that exported ones embed
}

func (s surface) add(format string, args ...any) {
	s.lines["pkg "+s.name+", "+fmt.Sprintf(format, args...)] = true
}

// file adds the exported declarations of a file.
func (s surface) file(f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.function(d)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch spec := spec.(type) {
				case *ast.TypeSpec:
					if spec.Name.IsExported() {
						s.typ(spec)
					}
				case *ast.ValueSpec:
					for _, name := range spec.Names {
						if name.IsExported() {
							s.add("%s %s%s", d.Tok, name.Name, typeText(spec.Type))
						}
					}
				}
			}
		}
	}
}

func typeText(e ast.Expr) string {
	if e == nil {
		return ""
	}
	return " " + types.ExprString(e)
}

// params are type parameters as text.
func params(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var all []string
	for _, f := range list.List {
		for _, name := range f.Names {
			all = append(all, name.Name+" "+types.ExprString(f.Type))
		}
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func (s surface) function(d *ast.FuncDecl) {
	if !d.Name.IsExported() {
		return
	}
	signature := params(d.Type.TypeParams) + strings.TrimPrefix(types.ExprString(&ast.FuncType{Params: d.Type.Params, Results: d.Type.Results}), "func")
	if d.Recv == nil {
		s.add("func %s%s", d.Name.Name, signature)
		return
	}
	recv := types.ExprString(d.Recv.List[0].Type)
	if base, _, _ := strings.Cut(strings.TrimLeft(recv, "*"), "["); ast.IsExported(base) || s.embedded[base] {
		s.add("method (%s) %s%s", recv, d.Name.Name, signature)
	}
}

// embeds notes what the file's exported types embed: its methods are theirs, too.
func (s surface) embeds(f *ast.File) {
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.TypeSpec)
		if !ok || !spec.Name.IsExported() {
			return true
		}
		if t, ok := spec.Type.(*ast.StructType); ok {
			for _, field := range t.Fields.List {
				if len(field.Names) == 0 {
					base, _, _ := strings.Cut(strings.TrimLeft(types.ExprString(field.Type), "*"), "[")
					s.embedded[base] = true
				}
			}
		}
		return true
	})
}

func (s surface) typ(spec *ast.TypeSpec) {
	name := spec.Name.Name + params(spec.TypeParams)
	assign := " "
	if spec.Assign.IsValid() {
		assign = " = "
	}
	switch t := spec.Type.(type) {
	case *ast.StructType:
		s.add("type %s struct", name)
		for _, f := range t.Fields.List {
			if len(f.Names) == 0 {
				s.add("type %s struct, embeds %s", name, types.ExprString(f.Type))
			}
			for _, field := range f.Names {
				if field.IsExported() {
					s.add("type %s struct, %s %s", name, field.Name, types.ExprString(f.Type))
				}
			}
		}
	case *ast.InterfaceType:
		s.add("type %s interface", name)
		for _, m := range t.Methods.List {
			if len(m.Names) == 0 {
				s.add("type %s interface, embeds %s", name, types.ExprString(m.Type))
			}
			for _, method := range m.Names {
				s.add("type %s interface, %s%s", name, method.Name, strings.TrimPrefix(types.ExprString(m.Type), "func"))
			}
		}
	default:
		s.add("type %s%s%s", name, assign, types.ExprString(t))
	}
}

// The exported surface is what api says, on all systems together: who changes it says so
// by go test ./internal/lint -update-api.
func TestExportedSurfaceIsWhatAPISays(t *testing.T) {
	for _, pkg := range publicPackages {
		s := surface{pkg, map[string]bool{}, map[string]bool{}}
		if pkg == "." {
			s.name = "anyio"
		}
		files, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		var parsed []*ast.File
		for _, path := range files {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			s.embeds(f)
			parsed = append(parsed, f)
		}
		for _, f := range parsed {
			s.file(f)
		}
		got := slices.Sorted(maps.Keys(s.lines))
		path := filepath.Join(root, "api", s.name+".txt")
		if len(got) == 0 { // it is imported for its effect
			if _, err := os.Stat(path); err == nil {
				t.Errorf("%s tells of a package that exports nothing: remove it", path)
			}
			continue
		}
		if *updateAPI {
			if err := os.WriteFile(path, []byte(strings.Join(got, "\n")+"\n"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Split(strings.TrimRight(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n"), "\n")
		for _, line := range got {
			if !slices.Contains(want, line) {
				t.Errorf("new: %s", line)
			}
		}
		for _, line := range want {
			if !s.lines[line] {
				t.Errorf("gone: %s", line)
			}
		}
	}
}

func TestSurfaceHasWhatIsExported(t *testing.T) {
	const source = `package p
type T[K comparable, V any] struct { A, b int; E; hidden }
type E interface { M(x int) error; m(); error }
type N = int
func F[A any](a A, more ...string) (A, error) { return a, nil }
func f() {}
func (t *T[K, V]) M() {}
func (t *T[K, V]) n() {}
func (u *hidden) M() {}
func (u *other) M() {}
const (C int = 1; d = 2)
var V, w = 1, 2
`
	f, err := parser.ParseFile(token.NewFileSet(), "p.go", source, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	s := surface{"p", map[string]bool{}, map[string]bool{}}
	s.embeds(f)
	s.file(f)
	want := []string{
		"const C int", "func F[A any](a A, more ...string) (A, error)", "method (*T[K, V]) M()", "method (*hidden) M()",
		"type E interface", "type E interface, M(x int) error", "type E interface, embeds error", "type E interface, m()",
		"type N = int", "type T[K comparable, V any] struct", "type T[K comparable, V any] struct, A int",
		"type T[K comparable, V any] struct, embeds E", "type T[K comparable, V any] struct, embeds hidden", "var V",
	}
	for i := range want {
		want[i] = "pkg p, " + want[i]
	}
	if got := slices.Sorted(maps.Keys(s.lines)); !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
