package rules

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// NotReady reports values of tasks that are used before the task has set them.
var NotReady = rule.New("notready", `find what a task sets and the body uses without waiting for it

Go returns before the task has run. A variable that the task sets, such as its listener,
is not set in the next statement: Start waits until the task says that it is ready, and
returns a value.`,
	notReady)

func notReady(pass *rule.Pass) {
	for cur := range pass.Cursor().Preorder((*ast.ExprStmt)(nil)) {
		call, ok := ast.Unparen(cur.Node().(*ast.ExprStmt).X).(*ast.CallExpr)
		if !ok || api.Called(pass.TypesInfo, call) != "anyio.TaskGroup.Go" {
			continue
		}
		lit, ok := ast.Unparen(call.Args[0]).(*ast.FuncLit)
		if !ok {
			continue
		}
		set := opens(pass, lit)
		for next, ok := cur.NextSibling(); ok && len(set) > 0; next, ok = next.NextSibling() {
			if id := usedFirst(pass, next, set); id != nil {
				pass.Reportf(id.Pos(), "%s is set by a task that may not have run yet: start it by Start, which waits until it is ready", id.Name)
				break
			}
			if mayWait(pass, next.Node()) {
				break
			}
		}
	}
}

// opens returns the variables from outside that a task sets to what functions of the
// module return.
func opens(pass *rule.Pass, lit *ast.FuncLit) map[types.Object]bool {
	set := map[types.Object]bool{}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		as, ok := n.(*ast.AssignStmt)
		if !ok || len(as.Rhs) != 1 {
			return true
		}
		call, ok := ast.Unparen(as.Rhs[0]).(*ast.CallExpr)
		if !ok || !api.Blocks(api.Callee(pass.TypesInfo, call)) {
			return true
		}
		if v := pass.Var(as.Lhs[0]); v != nil && v.Kind() == types.LocalVar && !rule.Within(v, lit) && !api.IsError(v.Type()) {
			set[v] = true
		}
		return true
	})
	return set
}

// usedFirst returns where a statement uses one of the variables: outside of function
// literals, and before a call that may wait.
func usedFirst(pass *rule.Pass, stmt inspector.Cursor, set map[types.Object]bool) *ast.Ident {
	var used *ast.Ident
	stmt.Inspect([]ast.Node{(*ast.FuncLit)(nil), (*ast.Ident)(nil)}, func(c inspector.Cursor) bool {
		id, ok := c.Node().(*ast.Ident)
		if ok && used == nil && set[pass.TypesInfo.Uses[id]] && isOperand(c) {
			used = id
		}
		return ok
	})
	if used == nil {
		return nil
	}
	waited := contains(stmt.Node(), func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		return ok && call.End() <= used.Pos() && (waits(pass, call) || isExit(pass, call))
	})
	if waited {
		return nil
	}
	return used
}

// isOperand reports whether an identifier is the operand of a selection, as l.Port: not
// assigned to, compared with nil, or handed on by its address.
func isOperand(c inspector.Cursor) bool {
	sel, ok := c.Parent().Node().(*ast.SelectorExpr)
	return ok && sel.X == c.Node()
}

// mayWait reports whether a statement may wait, or go elsewhere.
func mayWait(pass *rule.Pass, n ast.Node) bool {
	return contains(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			f := api.Callee(pass.TypesInfo, n)
			return waits(pass, n) || f == nil || api.Name(f) == "" && f.Pkg() != nil
		case *ast.SelectStmt, *ast.ForStmt, *ast.RangeStmt, *ast.ReturnStmt, *ast.BranchStmt:
			return true
		case *ast.UnaryExpr:
			return n.Op == token.ARROW
		}
		return false
	})
}
