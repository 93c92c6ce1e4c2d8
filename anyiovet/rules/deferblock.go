package rules

import (
	"go/ast"
	"go/types"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// DeferBlock reports cleanup that fails after a cancellation.
var DeferBlock = rule.New("deferblock", `find deferred calls that block without a shield

What is deferred runs after a cancellation as well, and then a blocking call with the
context of the function fails at once: the cleanup is not done. Call it in Shielded, with
a limit. Close, and what else releases first, needs none.`,
	deferBlock)

func deferBlock(pass *rule.Pass) {
	for cur := range pass.Cursor().Preorder((*ast.DeferStmt)(nil)) {
		deferred := cur.Node().(*ast.DeferStmt)
		cleansUp(pass, deferred, deferred.Call)
		lit, ok := ast.Unparen(deferred.Call.Fun).(*ast.FuncLit)
		if !ok {
			continue
		}
		ast.Inspect(lit.Body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false // a body, with a context of its own
			case *ast.CallExpr:
				cleansUp(pass, deferred, n)
			}
			return true
		})
	}
}

// cleansUp looks at a call that runs when a function is left.
func cleansUp(pass *rule.Pass, deferred *ast.DeferStmt, call *ast.CallExpr) {
	f := api.Callee(pass.TypesInfo, call)
	if !api.Blocks(f) || !f.Exported() || releases(f) || len(call.Args) == 0 || shields(pass, call) {
		return
	}
	ctx := pass.Var(call.Args[0])
	if ctx == nil || ctx.Kind() != types.ParamVar || rule.Within(ctx, deferred) {
		return // perhaps one that is not canceled
	}
	pass.Reportf(call.Pos(), "after a cancellation the deferred %s fails at once: call it in Shielded", f.Name())
}

// shields reports whether a call runs a function behind a shield.
func shields(pass *rule.Pass, call *ast.CallExpr) bool {
	return api.Called(pass.TypesInfo, call) == "anyio.Shielded" || option(pass, call, "anyio.Shield") != nil
}
