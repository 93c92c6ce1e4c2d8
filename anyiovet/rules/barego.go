package rules

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// BareGo reports go statements in bodies and tasks.
var BareGo = rule.New("barego", `find go statements in the body of a group, a scope or a task

A goroutine that a go statement starts belongs to no group: nobody waits for it, its
error and its panic are nobody's, and the scope whose context it uses may be over before
it is. Start it by the group's Go. Goroutines without a context of the body or its group
are not reported.`,
	bareGo)

func bareGo(pass *rule.Pass) {
	pass.Bodies(func(cur inspector.Cursor, b api.Body) {
		if strings.HasPrefix(b.Name, "anyiotest.") {
			return // what goroutines of nobody see is worth tests
		}
		cur.Inspect([]ast.Node{(*ast.GoStmt)(nil), (*ast.FuncLit)(nil)}, func(c inspector.Cursor) bool {
			switch n := c.Node().(type) {
			case *ast.FuncLit:
				return n == b.Lit // others may run anywhere
			case *ast.GoStmt:
				if usesBody(pass, n.Call, b) {
					pass.Reportf(n.Pos(), "a goroutine with the context of the %s, which does not wait for it: start it by TaskGroup.Go", what(b))
				}
			}
			return true
		})
	})
}

// ofScope reports whether a value of that type is of use only while a scope lasts.
func ofScope(t types.Type) bool {
	named := api.Named(t)
	if named == nil {
		return false
	}
	switch api.Name(named.Obj()) {
	case "anyio.TaskGroup", "anyio.CancelScope":
		return true
	}
	return api.IsContext(t)
}

// usesBody reports whether the goroutine of a go statement has the context of the body,
// or its group or scope.
func usesBody(pass *rule.Pass, call *ast.CallExpr, b api.Body) bool {
	params := func(e ast.Node) bool {
		for _, field := range b.Lit.Type.Params.List {
			for _, id := range field.Names {
				obj := pass.TypesInfo.Defs[id]
				if obj != nil && ofScope(obj.Type()) && mentions(pass, e, obj) {
					return true
				}
			}
		}
		return false
	}
	for _, arg := range call.Args {
		if id, ok := ast.Unparen(arg).(*ast.Ident); ok && params(id) {
			return true
		}
	}
	lit, ok := ast.Unparen(call.Fun).(*ast.FuncLit)
	return ok && params(lit.Body)
}
