package lint

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// parsePublicPackages parses what users can import: the files of each package.
func parsePublicPackages(t *testing.T) map[string][]*ast.File {
	t.Helper()
	pkgs := map[string][]*ast.File{}
	goFiles(t, func(path string) {
		pkg := packageOf(path)
		if strings.HasSuffix(path, "_test.go") || !slices.Contains(publicPackages, pkg) {
			return
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		pkgs[pkg] = append(pkgs[pkg], file)
	})
	if len(pkgs) != len(publicPackages) {
		t.Fatalf("%d packages were found, of %d", len(pkgs), len(publicPackages))
	}
	return pkgs
}

// A documented is an exported function or method, also of an interface.
type documented struct {
	name string
	typ  *ast.FuncType
	doc  string // in one line
}

// exportedFunctions are those that the documentation of a package shows, and the methods
// that its types have from unexported ones within them.
func exportedFunctions(files []*ast.File) (all []documented) {
	add := func(name string, typ *ast.FuncType, doc *ast.CommentGroup) {
		all = append(all, documented{name, typ, strings.Join(strings.Fields(doc.Text()), " ")})
	}
	visible := visibleTypes(files)
	for _, file := range files {
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			switch {
			case !ok || !f.Name.IsExported():
			case f.Recv == nil:
				add(f.Name.Name, f.Type, f.Doc)
			default:
				if typ := baseType(f.Recv.List[0].Type); visible[typ] {
					add(typ+"."+f.Name.Name, f.Type, f.Doc)
				}
			}
		}
	}
	eachType(files, func(s *ast.TypeSpec) {
		face, ok := s.Type.(*ast.InterfaceType)
		if !ok || !visible[s.Name.Name] {
			return
		}
		for _, m := range face.Methods.List {
			for _, n := range m.Names {
				if n.IsExported() {
					add(s.Name.Name+"."+n.Name, m.Type.(*ast.FuncType), m.Doc)
				}
			}
		}
	})
	return all
}

func eachType(files []*ast.File, f func(s *ast.TypeSpec)) {
	for _, file := range files {
		for _, decl := range file.Decls {
			if d, ok := decl.(*ast.GenDecl); ok {
				for _, spec := range d.Specs {
					if s, ok := spec.(*ast.TypeSpec); ok {
						f(s)
					}
				}
			}
		}
	}
}

// visibleTypes are the exported types, and those that are embedded in their structs.
func visibleTypes(files []*ast.File) map[string]bool {
	visible := map[string]bool{}
	eachType(files, func(s *ast.TypeSpec) { visible[s.Name.Name] = s.Name.IsExported() })
	for grown := true; grown; {
		grown = false
		eachType(files, func(s *ast.TypeSpec) {
			struc, ok := s.Type.(*ast.StructType)
			if !ok || !visible[s.Name.Name] {
				return
			}
			for _, f := range struc.Fields.List {
				if inner := baseType(f.Type); len(f.Names) == 0 && inner != "" && !visible[inner] {
					visible[inner], grown = true, true
				}
			}
		})
	}
	return visible
}

// mayBlock reports whether a function takes a context and returns an error, a sequence
// with errors, or a function that does so.
func mayBlock(f *ast.FuncType) bool {
	if f.Results == nil {
		return false
	}
	takesContext, givesError := false, false
	for _, p := range f.Params.List {
		if x, ok := p.Type.(*ast.SelectorExpr); ok && x.Sel.Name == "Context" {
			takesContext = true
		}
	}
	for _, r := range f.Results.List {
		if inner, ok := r.Type.(*ast.FuncType); ok && mayBlock(inner) {
			return true
		}
		ast.Inspect(r.Type, func(n ast.Node) bool {
			x, ok := n.(*ast.Ident)
			givesError = givesError || ok && x.Name == "error"
			return true
		})
	}
	return takesContext && givesError
}

var (
	cancellation = regexp.MustCompile(`(^|[.!?)}] )Cancellation: \w`)
	notAVerb     = regexp.MustCompile(`^\w+ (are|is) `)
	likeAnother  = regexp.MustCompile(`^\w+ is like [\w.]+`)
	oddEnglish   = regexp.MustCompile(`by whomever|\b[Ww]hoever\b|(is|are) no tasks?\b|none of its tasks|is no checkpoint|is no error if|\bat will\b`)
)

// wrongWithDoc says what is wrong with a comment, "" if nothing is.
func (d documented) wrongWithDoc() string {
	switch {
	case mayBlock(d.typ) && !cancellation.MatchString(d.doc):
		return `no sentence of its comment begins with "Cancellation:" and says what comes back, and what is lost or kept`
	case notAVerb.MatchString(d.doc) && !likeAnother.MatchString(d.doc):
		return `its comment does not begin with what it does, such as "returns"`
	case oddEnglish.MatchString(d.doc):
		return `its comment has "` + oddEnglish.FindString(d.doc) + `", which the standard library would say otherwise`
	}
	return ""
}

func TestDocComments(t *testing.T) {
	looked := 0
	for pkg, files := range parsePublicPackages(t) {
		for _, d := range exportedFunctions(files) {
			if looked++; d.wrongWithDoc() != "" {
				t.Errorf("%s: %s: %s", pkg, d.name, d.wrongWithDoc())
			}
		}
	}
	if looked < 700 {
		t.Fatalf("only %d functions were looked at", looked)
	}
}

var limitations = regexp.MustCompile(`(?m)^# Limitations\n\n\w`)

// TestLimitations: a package says what it does not do, and where systems differ.
func TestLimitations(t *testing.T) {
	for pkg, files := range parsePublicPackages(t) {
		said := false
		for _, f := range files {
			said = said || limitations.MatchString(f.Doc.Text())
		}
		if !said {
			t.Errorf("%s: the package comment has no section # Limitations", pkg)
		}
	}
}
