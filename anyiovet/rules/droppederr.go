package rules

import (
	"go/ast"
	"go/types"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// DroppedErr reports blocking calls whose error is not looked at.
var DroppedErr = rule.New("droppederr", `find errors of blocking calls that nobody looks at

A cancellation is an error of a blocking call. If the error is dropped the code goes on
although its scope was canceled, and takes for done what was not. The same holds for
loops over All and its kin, which end with an error. Close may be called without, and an
assignment to _ says that it is meant.`,
	droppedErr)

func droppedErr(pass *rule.Pass) {
	for cur := range pass.Cursor().Preorder((*ast.ExprStmt)(nil), (*ast.RangeStmt)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.ExprStmt:
			call, ok := ast.Unparen(n.X).(*ast.CallExpr)
			if !ok {
				continue
			}
			f := api.Callee(pass.TypesInfo, call)
			if api.Blocks(f) && !releases(f) && !keepsErrors(pass, call) {
				pass.Reportf(call.Pos(), "the error of %s is dropped, and with it a cancellation", f.Name())
			}
		case *ast.RangeStmt:
			call, ok := ast.Unparen(n.X).(*ast.CallExpr)
			if !ok || api.Called(pass.TypesInfo, call) == "" || !yieldsErrors(pass.TypesInfo.TypeOf(call)) {
				continue
			}
			if n.Key == nil || isBlank(n.Key) {
				continue // nothing is taken for the items
			}
			if n.Value == nil || isBlank(n.Value) {
				pass.Reportf(call.Pos(), "the error of the sequence is dropped: what was cut short looks complete")
			}
		}
	}
}

// releases reports whether a function's work is done whatever its error says.
func releases(f *types.Func) bool {
	switch f.Name() {
	case "Close", "CloseForcefully", "Abort":
		return true
	}
	return false
}

func isBlank(e ast.Expr) bool {
	id, ok := e.(*ast.Ident)
	return ok && id.Name == "_"
}

// keepsErrors reports whether a call is of a scope or a group whose body sets an error
// outside, or has no error to return.
func keepsErrors(pass *rule.Pass, call *ast.CallExpr) bool {
	bodies := api.Bodies(pass.TypesInfo, call)
	if len(bodies) != 1 || bodies[0].Kind != api.Inline {
		return false
	}
	lit := bodies[0].Lit
	keeps, returns := false, false
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				v := pass.Var(lhs)
				keeps = keeps || v != nil && api.IsError(v.Type()) && !rule.Within(v, lit)
			}
		case *ast.ReturnStmt:
			last := len(n.Results) - 1
			returns = returns || last < 0 || !pass.TypesInfo.Types[n.Results[last]].IsNil()
		}
		return true
	})
	return keeps || !returns && bodies[0].Name == "anyio.WithCancelScope"
}

// yieldsErrors reports whether a type is iter.Seq2[T, error].
func yieldsErrors(t types.Type) bool {
	named := api.Named(t)
	if named == nil || named.Obj().Pkg() == nil || named.Obj().Pkg().Path() != "iter" || named.Obj().Name() != "Seq2" {
		return false
	}
	return api.IsError(named.TypeArgs().At(1))
}
