package rules

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// Outlive reports tasks that use what is closed before they run.
var Outlive = rule.New("outlive", `find resources that are closed while a task still uses them

A task goes on when the function that has started it returns, and that of a group when
the group's function does. What such a function closes by defer is closed then: let the
task close it, or open it outside of the group.`,
	outlive)

func outlive(pass *rule.Pass) {
	for cur := range pass.Cursor().Preorder((*ast.DeferStmt)(nil)) {
		v := closes(pass, cur.Node().(*ast.DeferStmt))
		f := around(cur)
		if v == nil || f == nil || v.Kind() != types.LocalVar || !rule.Within(v, f) {
			continue
		}
		fn, _ := pass.Cursor().FindNode(f)
		if start := usedLater(pass, fn, v); start != nil {
			pass.Reportf(start.Pos(), "the task uses %s, which is closed when the function returns: let the task close it", v.Name())
		}
	}
}

// closes returns the variable of the module's type that a defer statement closes, or nil.
func closes(pass *rule.Pass, d *ast.DeferStmt) *types.Var {
	call := d.Call
	if lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit); ok {
		if len(lit.Body.List) != 1 {
			return nil
		}
		call = nil
		switch s := lit.Body.List[0].(type) {
		case *ast.ExprStmt:
			call, _ = ast.Unparen(s.X).(*ast.CallExpr)
		case *ast.AssignStmt:
			call, _ = ast.Unparen(s.Rhs[0]).(*ast.CallExpr)
		}
		if call == nil {
			return nil
		}
	}
	f := api.Callee(pass.TypesInfo, call)
	if f == nil || f.Name() != "Close" || api.Name(f) == "" {
		return nil
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil
	}
	return pass.Var(sel.X)
}

// usedLater returns where a task of a group from outside is started that uses the
// variable, if the function does not wait for anything afterwards.
func usedLater(pass *rule.Pass, fn inspector.Cursor, v *types.Var) *ast.CallExpr {
	var start *ast.CallExpr
	for c := range fn.Preorder((*ast.CallExpr)(nil), (*ast.UnaryExpr)(nil)) {
		if around(c) != fn.Node() {
			continue
		}
		call, _ := c.Node().(*ast.CallExpr)
		if start != nil && c.Node().Pos() > start.End() && (call != nil && waits(pass, call) || receives(c.Node())) {
			return nil
		}
		if call == nil || api.Called(pass.TypesInfo, call) != "anyio.TaskGroup.Go" || start != nil {
			continue
		}
		if _, ok := c.Parent().Node().(*ast.ExprStmt); !ok {
			continue // its handle may be waited for
		}
		lit, ok := ast.Unparen(call.Args[0]).(*ast.FuncLit)
		group := pass.Var(ast.Unparen(call.Fun).(*ast.SelectorExpr).X)
		if !ok || group == nil || rule.Within(group, fn.Node()) && !isParam(fn.Node(), group) {
			continue
		}
		if mentions(pass, lit.Body, v) {
			start = call
		}
	}
	return start
}

// waits reports whether a call may wait: it is given a context, or nobody knows.
func waits(pass *rule.Pass, call *ast.CallExpr) bool {
	for _, arg := range call.Args {
		if t := pass.TypesInfo.TypeOf(arg); t != nil && api.IsContext(t) {
			return true
		}
	}
	return isUnknown(pass, call)
}

// receives reports whether a node is the receive of a channel.
func receives(n ast.Node) bool {
	u, ok := n.(*ast.UnaryExpr)
	return ok && u.Op == token.ARROW
}

// isParam reports whether a variable is a parameter of a function.
func isParam(fn ast.Node, v *types.Var) bool {
	switch fn := fn.(type) {
	case *ast.FuncDecl:
		return rule.Within(v, fn.Type)
	case *ast.FuncLit:
		return rule.Within(v, fn.Type)
	}
	return false
}
