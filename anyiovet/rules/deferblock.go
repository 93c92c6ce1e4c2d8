package rules

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

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
		call := cur.Node().(*ast.DeferStmt).Call
		c, _ := cur.FindNode(call)
		cleansUp(pass, cur, c)
		lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit)
		if !ok {
			continue
		}
		body, _ := cur.FindNode(lit.Body)
		body.Inspect([]ast.Node{(*ast.FuncLit)(nil), (*ast.CallExpr)(nil)}, func(c inspector.Cursor) bool {
			if _, ok := c.Node().(*ast.FuncLit); ok {
				return false // a body, with a context of its own
			}
			cleansUp(pass, cur, c)
			return true
		})
	}
}

// cleansUp looks at a call that runs when a function is left.
func cleansUp(pass *rule.Pass, deferred, cur inspector.Cursor) {
	call := cur.Node().(*ast.CallExpr)
	f := api.Callee(pass.TypesInfo, call)
	if !api.Blocks(f) || !f.Exported() || releases(f) || len(call.Args) == 0 || shields(pass, call) {
		return
	}
	ctx := pass.Var(call.Args[0])
	if ctx == nil || ctx.Kind() != types.ParamVar || rule.Within(ctx, deferred.Node()) {
		return // perhaps one that is not canceled
	}
	if kind, _ := cur.ParentEdge(); kind == edge.IfStmt_Cond {
		return
	}
	pass.Reportf(call.Pos(), "after a cancellation the deferred %s fails at once: call it in Shielded", f.Name())
}

// shields reports whether a call runs a function behind a shield.
func shields(pass *rule.Pass, call *ast.CallExpr) bool {
	if api.Called(pass.TypesInfo, call) == "anyio.Shielded" {
		return true
	}
	for _, arg := range call.Args {
		if option, ok := ast.Unparen(arg).(*ast.CallExpr); ok && api.Called(pass.TypesInfo, option) == "anyio.Shield" {
			return true
		}
	}
	return false
}
