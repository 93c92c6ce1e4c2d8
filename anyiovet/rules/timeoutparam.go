package rules

import (
	"go/ast"
	"strings"

	"golang.org/x/tools/go/analysis"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// TimeoutParam reports functions with a timeout beside a context.
var TimeoutParam = rule.New("timeoutparam", `find exported functions with a timeout beside a context

Callers have FailAfter and MoveOnAfter for that, which cover as many calls as they like
and can be moved. A parameter for it covers one call, and each function does it in its
own way.`,
	timeoutParam)

func timeoutParam(pass *rule.Pass) {
	if pass.Pkg.Name() == "main" {
		return
	}
	for cur := range pass.Cursor().Preorder((*ast.FuncDecl)(nil)) {
		f := cur.Node().(*ast.FuncDecl)
		if !f.Name.IsExported() || !exportedReceiver(f) || pass.InTest(f) {
			continue
		}
		context := false
		for _, field := range f.Type.Params.List {
			t := pass.TypesInfo.TypeOf(field.Type)
			context = context || api.IsContext(t)
			for _, id := range field.Names {
				if name := strings.ToLower(id.Name); context && api.IsDuration(t) && strings.HasSuffix(name, "timeout") {
					pass.Report(analysis.Diagnostic{
						Pos: id.Pos(), End: id.End(),
						Message: "leave the timeout of " + f.Name.Name + " to a scope of the caller: FailAfter, MoveOnAfter",
					})
				}
			}
		}
	}
}

// exportedReceiver reports whether a function has no receiver, or one whose type is
// exported.
func exportedReceiver(f *ast.FuncDecl) bool {
	if f.Recv == nil {
		return true
	}
	t := f.Recv.List[0].Type
	for {
		switch e := t.(type) {
		case *ast.StarExpr:
			t = e.X
		case *ast.ParenExpr:
			t = e.X
		case *ast.IndexExpr:
			t = e.X
		case *ast.IndexListExpr:
			t = e.X
		default:
			id, ok := t.(*ast.Ident)
			return ok && id.IsExported()
		}
	}
}
