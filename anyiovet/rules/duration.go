package rules

import (
	"go/ast"
	"go/constant"
	"math"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// Duration reports durations that cannot be meant.
var Duration = rule.New("duration", `find durations without a unit, and absurd ones

A number without a unit is a number of nanoseconds: FailAfter(ctx, 5, …) fails at once.
Numbers below 2 are taken for meant, and so is Sleep(ctx, 5) in a test. Products of two
units are reported as well.`,
	duration)

// century is the shortest time that is reported as absurd, in nanoseconds.
const century = 100 * 365 * 24 * 3600 * 1e9

func duration(pass *rule.Pass) {
	pass.Calls(func(_ inspector.Cursor, call *ast.CallExpr, name string) {
		method := api.Method(name)
		if !ast.IsExported(method) {
			return
		}
		sig := api.Callee(pass.TypesInfo, call).Signature()
		for i, arg := range call.Args {
			if i >= sig.Params().Len() {
				break
			}
			if api.IsDuration(sig.Params().At(i).Type()) {
				checkDuration(pass, arg, method)
			}
		}
	})
}

// checkDuration looks at an argument of a function. Tests sleep for moments, and try what
// is absurd.
func checkDuration(pass *rule.Pass, arg ast.Expr, function string) {
	test := pass.InTest(arg)
	value := pass.TypesInfo.Types[arg].Value
	if value == nil || value.Kind() != constant.Int {
		return
	}
	n, exact := constant.Int64Val(value)
	switch lit, ok := ast.Unparen(arg).(*ast.BasicLit); {
	case !exact:
	case ok && n > 1 && n < 1e6 && !(test && (function == "Sleep" || function == "OnTimer")):
		pass.Reportf(arg.Pos(), "%s without a unit is a number of nanoseconds: write %s*time.Second, say", lit.Value, lit.Value)
	case n >= century && n != math.MaxInt64 && !test:
		pass.Reportf(arg.Pos(), "this is more than a hundred years: units are multiplied, or anyio.Forever is meant")
	}
}
