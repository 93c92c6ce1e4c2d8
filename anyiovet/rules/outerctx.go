package rules

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// OuterCtx reports calls in a body or a task with the context from outside.
var OuterCtx = rule.New("outerctx", `find the context from outside in the body of a scope or a task

The body of a scope, of a group and of a task is called with a context of its own.
A call with the context from around it does not see the scope: not its deadline,
its cancellation or its shield; and it waits as the wrong task.`,
	outerCtx)

func outerCtx(pass *rule.Pass) {
	derived := derivedContexts(pass)
	pass.Bodies(func(cur inspector.Cursor, b api.Body) {
		cur.Inspect([]ast.Node{(*ast.Ident)(nil), (*ast.FuncLit)(nil)}, func(c inspector.Cursor) bool {
			if lit, ok := c.Node().(*ast.FuncLit); ok {
				return lit == b.Lit || !hasContext(pass, lit) // others are looked at by themselves
			}
			id := c.Node().(*ast.Ident)
			v, _ := pass.TypesInfo.Uses[id].(*types.Var)
			if v == nil || v == b.Ctx || !api.IsContext(v.Type()) || rule.Within(v, b.Lit) {
				return true
			}
			if v.Kind() != types.ParamVar && !derived[v] || !waitsWith(pass, c) {
				return true
			}
			pass.Report(analysis.Diagnostic{
				Pos: id.Pos(), End: id.End(),
				Message:        "the " + what(b) + " has a context of its own, this is the one from outside",
				SuggestedFixes: innerContext(pass, b, id, v),
			})
			return true
		})
	})
}

func what(b api.Body) string {
	if b.Kind == api.Task {
		return "task"
	}
	return "body of " + api.Method(b.Name)
}

// hasContext reports whether a function literal has a context among its parameters.
func hasContext(pass *rule.Pass, lit *ast.FuncLit) bool {
	sig := pass.TypesInfo.TypeOf(lit).(*types.Signature)
	for v := range sig.Params().Variables() {
		if api.IsContext(v.Type()) {
			return true
		}
	}
	return false
}

// derivedContexts returns the variables that hold what functions of package context
// derived, but for those that are not to be canceled.
func derivedContexts(pass *rule.Pass) map[*types.Var]bool {
	derived := map[*types.Var]bool{}
	for cur := range pass.Cursor().Preorder((*ast.AssignStmt)(nil)) {
		as := cur.Node().(*ast.AssignStmt)
		call, ok := ast.Unparen(as.Rhs[0]).(*ast.CallExpr)
		if !ok {
			continue
		}
		name := api.Func(api.Callee(pass.TypesInfo, call))
		if strings.HasPrefix(name, "context.With") && name != "context.WithoutCancel" {
			if v := pass.Var(as.Lhs[0]); v != nil {
				derived[v] = true
			}
		}
	}
	return derived
}

// waitsWith reports whether an expression is the context of a call that may block.
func waitsWith(pass *rule.Pass, c inspector.Cursor) bool {
	if kind, index := c.ParentEdge(); kind != edge.CallExpr_Args || index != 0 {
		return false
	}
	f := api.Callee(pass.TypesInfo, c.Parent().Node().(*ast.CallExpr))
	if f == nil || !api.TakesContext(f.Signature()) || f.Pkg() == nil || f.Pkg().Path() == "context" {
		return false
	}
	return api.Name(f) == "" || api.Blocks(f)
}

// innerContext is the fix: the body's own context, named like the one from outside if
// it has no name.
func innerContext(pass *rule.Pass, b api.Body, id *ast.Ident, outer *types.Var) []analysis.SuggestedFix {
	switch {
	case b.At == nil:
		return nil
	case b.Ctx == nil:
		fix := rule.Replace("Name the context of the "+what(b), b.At, outer.Name())
		return []analysis.SuggestedFix{fix}
	}
	if _, seen := pass.Pkg.Scope().Innermost(id.Pos()).LookupParent(b.Ctx.Name(), id.Pos()); seen != b.Ctx {
		return nil // hidden by another of that name
	}
	return []analysis.SuggestedFix{rule.Replace("Use the context of the "+what(b), id, b.Ctx.Name())}
}
