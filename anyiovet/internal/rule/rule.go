// Package rule makes analyzers of rules: they look at packages that use the anyio module,
// not at generated files, and obey //anyiovet:ignore.
package rule

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
)

// A Pass is one package that a rule looks at.
type Pass struct {
	*analysis.Pass
	inspector *inspector.Inspector
}

// New returns the analyzer of a rule. What is more than the syntax tree is required by
// the analyzers given.
func New(name, doc string, run func(*Pass), requires ...*analysis.Analyzer) *analysis.Analyzer {
	return &analysis.Analyzer{
		Name:     name,
		Doc:      doc,
		URL:      "https://" + api.Module + "/blob/main/anyiovet/README.md#" + name,
		Requires: append([]*analysis.Analyzer{inspect.Analyzer}, requires...),
		Run: func(pass *analysis.Pass) (any, error) {
			if !api.Uses(pass.Pkg) {
				return nil, nil
			}
			ignored := directives(pass)
			own := *pass
			own.Report = func(d analysis.Diagnostic) {
				if !ignored.covers(pass.Fset.Position(d.Pos), name) {
					pass.Report(d)
				}
			}
			run(&Pass{Pass: &own, inspector: pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)})
			return nil, nil
		},
	}
}

// Cursor returns the root of all files.
func (p *Pass) Cursor() inspector.Cursor { return p.inspector.Root() }

// Calls calls f with every call of a function of the anyio module and its name.
func (p *Pass) Calls(f func(cur inspector.Cursor, call *ast.CallExpr, name string)) {
	for cur := range p.Cursor().Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		if name := api.Called(p.TypesInfo, call); name != "" {
			f(cur, call, name)
		}
	}
}

// Bodies calls f with every function literal that the module calls with a context.
func (p *Pass) Bodies(f func(cur inspector.Cursor, b api.Body)) {
	p.Calls(func(cur inspector.Cursor, call *ast.CallExpr, _ string) {
		for _, b := range api.Bodies(p.TypesInfo, call) {
			lit, ok := cur.FindNode(b.Lit)
			if ok {
				f(lit, b)
			}
		}
	})
}

// InTest reports whether a node is in a file of tests.
func (p *Pass) InTest(n ast.Node) bool {
	return strings.HasSuffix(p.Fset.Position(n.Pos()).Filename, "_test.go")
}

// Object returns what an expression names: a variable, a function, a constant, or nil.
func (p *Pass) Object(e ast.Expr) types.Object {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return p.TypesInfo.ObjectOf(e)
	case *ast.SelectorExpr:
		return p.TypesInfo.ObjectOf(e.Sel)
	}
	return nil
}

// Var returns the variable that an identifier names, or nil.
func (p *Pass) Var(e ast.Expr) *types.Var {
	id, ok := ast.Unparen(e).(*ast.Ident)
	if !ok {
		return nil
	}
	v, _ := p.TypesInfo.ObjectOf(id).(*types.Var)
	return v
}

// Within reports whether an object is declared inside a node.
func Within(obj types.Object, n ast.Node) bool {
	return obj != nil && n.Pos() <= obj.Pos() && obj.Pos() < n.End()
}

// Inside reports whether a node is a part of another, or it itself.
func Inside(n, outer ast.Node) bool { return outer.Pos() <= n.Pos() && n.End() <= outer.End() }

// Replace is a suggested fix that puts text in place of a node.
func Replace(message string, n ast.Node, text string) analysis.SuggestedFix {
	return analysis.SuggestedFix{Message: message, TextEdits: []analysis.TextEdit{Edit(n.Pos(), n.End(), text)}}
}

// Edit is a part of a suggested fix.
func Edit(from, to token.Pos, text string) analysis.TextEdit {
	return analysis.TextEdit{Pos: from, End: to, NewText: []byte(text)}
}
