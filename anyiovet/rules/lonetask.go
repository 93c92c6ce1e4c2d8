package rules

import (
	"go/ast"
	"go/types"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// LoneTask reports groups of one task.
var LoneTask = rule.New("lonetask", `find groups with one task and nothing beside it

A group whose body starts one task and returns runs nothing at the same time: call the
function. For its own deadline or cancellation a scope is enough. Tests, which may be of
groups, are not looked at.`,
	loneTask)

func loneTask(pass *rule.Pass) {
	pass.Bodies(func(cur inspector.Cursor, b api.Body) {
		if b.Name != "anyio.WithTaskGroup" || pass.InTest(b.Lit) || len(b.Lit.Body.List) != 2 {
			return
		}
		ret, ok := b.Lit.Body.List[1].(*ast.ReturnStmt)
		if !ok || len(ret.Results) != 1 || !pass.TypesInfo.Types[ret.Results[0]].IsNil() {
			return
		}
		start, ok := b.Lit.Body.List[0].(*ast.ExprStmt)
		if !ok {
			return
		}
		call, ok := ast.Unparen(start.X).(*ast.CallExpr)
		if !ok || api.Called(pass.TypesInfo, call) != "anyio.TaskGroup.Go" {
			return
		}
		tg := api.ParamIdent(b.Lit.Type, 1)
		if tg == nil || uses(pass, cur, pass.TypesInfo.Defs[tg]) != 1 || len(call.Args) != 1 {
			return // it starts others, or has options that a call has not
		}
		if kind, _ := cur.ParentEdge(); kind == edge.CallExpr_Args {
			pass.Reportf(b.Call.Pos(), "a group with one task and nothing beside it: call the function")
		}
	})
}

// uses counts the uses of an object.
func uses(pass *rule.Pass, cur inspector.Cursor, obj types.Object) int {
	n := 0
	for c := range cur.Preorder((*ast.Ident)(nil)) {
		if obj != nil && pass.TypesInfo.Uses[c.Node().(*ast.Ident)] == obj {
			n++
		}
	}
	return n
}
