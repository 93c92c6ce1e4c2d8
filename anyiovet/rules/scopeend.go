package rules

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// ScopeEnd reports scopes and groups that are not ended on every way.
var ScopeEnd = rule.New("scopeend", `find scopes and groups that are opened and not ended on every way

A scope of OpenCancelScope and a group of OpenTaskGroup have to be ended by who has opened
them, whatever happens. Within one function, WithCancelScope and WithTaskGroup do that.
A scope that is handed on, or kept in a field, is not looked at.`,
	scopeEnd, ctrlflow.Analyzer)

func scopeEnd(pass *rule.Pass) {
	pass.Calls(func(cur inspector.Cursor, call *ast.CallExpr, name string) {
		if name != "anyio.OpenCancelScope" && name != "anyio.OpenTaskGroup" {
			return
		}
		with := map[string]string{"anyio.OpenCancelScope": "WithCancelScope", "anyio.OpenTaskGroup": "WithTaskGroup"}[name]
		as, ok := cur.Parent().Node().(*ast.AssignStmt)
		if !ok || len(as.Lhs) != 2 {
			return
		}
		if isBlank(as.Lhs[1]) {
			pass.Reportf(call.Pos(), "what %s opens can never be ended: use %s", api.Method(name), with)
			return
		}
		g, f := graph(pass, cur)
		v := pass.Var(as.Lhs[1])
		if g == nil || v == nil || v.Kind() != types.LocalVar || !rule.Within(v, f) {
			return
		}
		fn, _ := pass.Cursor().FindNode(f)
		if handedOn(pass, fn, v) {
			return
		}
		d := debt{from: as, free: never, paid: func(n ast.Node) bool { return calls(pass, n, v, "End") }}
		if ret := d.unpaid(g); ret != nil {
			pass.Reportf(call.Pos(), "what %s opens is not ended at the return in line %d: use %s, or defer End",
				api.Method(name), pass.Fset.Position(ret.Pos()).Line, with)
		}
	})
}

// handedOn reports whether a variable is used in the function for more than calls of its
// methods, or ended in a function literal that is not deferred.
func handedOn(pass *rule.Pass, fn inspector.Cursor, v *types.Var) bool {
	for c := range fn.Preorder((*ast.Ident)(nil)) {
		if pass.TypesInfo.Uses[c.Node().(*ast.Ident)] != v {
			continue
		}
		if kind, _ := c.ParentEdge(); kind != edge.SelectorExpr_X {
			return true
		}
		sel := c.Parent()
		if kind, _ := sel.ParentEdge(); kind != edge.CallExpr_Fun {
			return true
		}
		if sel.Node().(*ast.SelectorExpr).Sel.Name != "End" {
			continue
		}
		for lit := range c.Enclosing((*ast.FuncLit)(nil)) {
			if lit.Node() != fn.Node() && rule.Inside(lit.Node(), fn.Node()) && !isDeferred(lit) {
				return true
			}
		}
	}
	return false
}

// isDeferred reports whether a function literal is called by a defer statement.
func isDeferred(lit inspector.Cursor) bool {
	if kind, _ := lit.ParentEdge(); kind != edge.CallExpr_Fun {
		return false
	}
	kind, _ := lit.Parent().ParentEdge()
	return kind == edge.DeferStmt_Call
}

// calls reports whether a method of a variable is called in a node.
func calls(pass *rule.Pass, n ast.Node, v *types.Var, method string) bool {
	return contains(n, func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return false
		}
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		return ok && sel.Sel.Name == method && pass.Var(sel.X) == v
	})
}
