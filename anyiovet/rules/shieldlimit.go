package rules

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// ShieldLimit reports shields that nothing ends.
var ShieldLimit = rule.New("shieldlimit", `find shields without a limit, and with none at all

A shield that has no limit holds up every cancellation for as long as what is behind it
takes: a cleanup that hangs is a program that does not end. Reported are Forever for what
waits for the other side of a stream or a connection, or sleeps; a shielded scope without
a deadline; and a limit of zero, with which nothing is done. In tests, which have limits
of their own, it is only the last.`,
	shieldLimit)

func shieldLimit(pass *rule.Pass) {
	pass.Calls(func(_ inspector.Cursor, call *ast.CallExpr, name string) {
		test := pass.InTest(call)
		switch name {
		case "anyio.Shielded":
			if len(call.Args) < 3 {
				return // Shielded(f())
			}
			limit := pass.TypesInfo.Types[call.Args[1]].Value
			switch {
			case limit == nil:
			case constant.Sign(limit) <= 0:
				pass.Reportf(call.Args[1].Pos(), "with a limit of zero the shield lets nothing be done")
			case test || !constant.Compare(limit, token.GEQ, constant.MakeInt64(century)):
			default:
				if f := waitsForOthers(pass, call.Args[2]); f != nil {
					pass.Reportf(call.Args[1].Pos(), "while %s waits, a shield without a limit holds up every cancellation: give it one", f.Name())
				}
			}
		case "anyio.WithCancelScope":
			limited := option(pass, call, "anyio.Deadline") != nil || setsDeadline(pass, call)
			if option(pass, call, "anyio.Shield") != nil && !limited && !test {
				pass.Reportf(call.Pos(), "a shielded scope without a deadline holds up every cancellation: use Shielded, with a limit")
			}
		}
	})
}

// option returns the call of a function among the arguments of another call, or nil.
func option(pass *rule.Pass, call *ast.CallExpr, name string) *ast.CallExpr {
	for _, arg := range call.Args {
		if c, ok := ast.Unparen(arg).(*ast.CallExpr); ok && api.Called(pass.TypesInfo, c) == name {
			return c
		}
	}
	return nil
}

// waitsForOthers returns a function that waits for what others do, and that a function
// value is or a function literal calls.
func waitsForOthers(pass *rule.Pass, body ast.Expr) *types.Func {
	lit, ok := ast.Unparen(body).(*ast.FuncLit)
	if !ok {
		f, _ := pass.Object(body).(*types.Func)
		if f != nil && forOthers(f.Origin()) {
			return f
		}
		return nil
	}
	var found *types.Func
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && found == nil {
			switch f := api.Callee(pass.TypesInfo, call); {
			case f == nil:
			case strings.HasPrefix(api.Name(f), api.Root) && len(api.Bodies(pass.TypesInfo, call)) > 0:
				return false // it may have a limit of its own
			case forOthers(f):
				found = f
			}
		}
		return found == nil
	})
	return found
}

// forOthers reports whether a function waits for the other side of a stream, or sleeps.
func forOthers(f *types.Func) bool {
	if !api.Blocks(f) || releases(f) {
		return false
	}
	name := api.Name(f)
	switch pkg, _, _ := strings.Cut(name, "."); pkg {
	case "stream", "socket", "tlsstream":
		return true
	}
	return name == "anyio.Sleep" || name == "anyio.SleepForever" || name == "anyio.SleepUntil"
}

// setsDeadline reports whether the body of a scope does something with the scope, which
// may be a limit of its own.
func setsDeadline(pass *rule.Pass, call *ast.CallExpr) bool {
	for _, b := range api.Bodies(pass.TypesInfo, call) {
		scope := api.ParamIdent(b.Lit.Type, 1)
		return scope != nil && mentions(pass, b.Lit.Body, pass.TypesInfo.Defs[scope])
	}
	return true
}
