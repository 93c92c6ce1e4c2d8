package rules

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// Started reports functions given to Start that never call started.
var Started = rule.New("started", `find tasks of Start that never say that they have started

Start waits until the task calls started. A task that does not is waited for to its
end, and that is an error.`,
	started)

func started(pass *rule.Pass) {
	pass.Calls(func(_ inspector.Cursor, call *ast.CallExpr, name string) {
		switch name {
		case "anyio.Start", "anyio.StartHandle", "portal.Start":
		default:
			return
		}
		for _, arg := range call.Args {
			t, body := function(pass, arg)
			if t == nil || !startsWith(pass, arg) {
				continue
			}
			if at := api.ParamIdent(t, 0); at == nil || !mentions(pass, body, pass.TypesInfo.Defs[at]) {
				continue // it does not wait for anything, but fails
			}
			id := api.ParamIdent(t, 1)
			if id == nil || id.Name == "_" || !mentions(pass, body, pass.TypesInfo.Defs[id]) {
				pass.Reportf(arg.Pos(), "the task never calls started, which %s waits for", api.Method(name))
			}
		}
	})
}

// startsWith reports whether the function has the parameters of a task of Start: a
// context and a function.
func startsWith(pass *rule.Pass, arg ast.Expr) bool {
	sig, _ := pass.TypesInfo.TypeOf(arg).(*types.Signature)
	if sig == nil || sig.Params().Len() != 2 || !api.TakesContext(sig) {
		return false
	}
	_, ok := sig.Params().At(1).Type().Underlying().(*types.Signature)
	return ok
}

// function returns the function literal that an expression is, or the function of this
// package that it names.
func function(pass *rule.Pass, e ast.Expr) (*ast.FuncType, *ast.BlockStmt) {
	if lit, ok := ast.Unparen(e).(*ast.FuncLit); ok {
		return lit.Type, lit.Body
	}
	f, _ := pass.Object(e).(*types.Func)
	if f == nil || f.Pkg() != pass.Pkg {
		return nil, nil
	}
	if decl := declaration(pass, f); decl != nil && decl.Body != nil {
		return decl.Type, decl.Body
	}
	return nil, nil
}

// declaration returns where a function of this package is declared, or nil.
func declaration(pass *rule.Pass, f *types.Func) *ast.FuncDecl {
	for _, file := range pass.Files {
		if f.Pos() < file.FileStart || file.FileEnd < f.Pos() {
			continue
		}
		for _, d := range file.Decls {
			if decl, ok := d.(*ast.FuncDecl); ok && decl.Name.Pos() == f.Origin().Pos() {
				return decl
			}
		}
	}
	return nil
}

// mentions reports whether a node has an identifier for the object.
func mentions(pass *rule.Pass, n ast.Node, obj types.Object) bool {
	return contains(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		return ok && obj != nil && pass.TypesInfo.Uses[id] == obj
	})
}

// contains reports whether one of the nodes of a tree is what is looked for.
func contains(n ast.Node, is func(n ast.Node) bool) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		found = found || n != nil && is(n)
		return !found
	})
	return found
}
