package rules

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// Swallow reports cancellations that do not get to their scope.
var Swallow = rule.New("swallow", `find cancellations that are swallowed

A cancellation is returned up to the scope that was canceled, which removes it. A loop
that goes on after every error never ends: each further call fails at once. A function
that returns nil instead tells its caller that all was done.`,
	swallow)

func swallow(pass *rule.Pass) {
	for cur := range pass.Cursor().Preorder((*ast.ForStmt)(nil)) {
		if loop := cur.Node().(*ast.ForStmt); loop.Cond == nil {
			spinsAfterErrors(pass, loop)
			spinsWithoutErrors(pass, loop)
		}
	}
	from := contextErrors(pass)
	for cur := range pass.Cursor().Preorder((*ast.IfStmt)(nil)) {
		returnsNil(pass, cur, from)
	}
}

// spinsAfterErrors looks for a loop that continues after any error of a blocking call,
// before anything else could notice the cancellation.
func spinsAfterErrors(pass *rule.Pass, loop *ast.ForStmt) {
	var last *ast.AssignStmt // the statement before, if it assigns
	for _, s := range loop.Body.List {
		check, ok := s.(*ast.IfStmt)
		as := last
		last, _ = s.(*ast.AssignStmt)
		if ok {
			if init, ok := check.Init.(*ast.AssignStmt); ok {
				as = init
			}
			if call := checked(pass, check, as); call != nil && goesOn(pass, check) {
				pass.Reportf(check.Cond.Pos(), "when its scope is canceled this loop never ends: return the error of %s if it is a cancellation",
					api.Callee(pass.TypesInfo, call).Name())
				return
			}
		}
		if as := last; as != nil && len(as.Rhs) == 1 && isBlockingCall(pass, as.Rhs[0]) != nil {
			continue // what the next statement does with its error will show
		}
		if notices(pass, s) {
			return
		}
	}
}

// checked returns the blocking call whose error a statement compares with nil.
func checked(pass *rule.Pass, check *ast.IfStmt, as *ast.AssignStmt) *ast.CallExpr {
	x, equal, ok := comparesNil(pass, check.Cond)
	if !ok || equal {
		return nil
	}
	if call := isBlockingCall(pass, x); call != nil {
		return call
	}
	if as == nil || len(as.Rhs) != 1 || pass.Var(x) == nil || pass.Var(as.Lhs[len(as.Lhs)-1]) != pass.Var(x) {
		return nil
	}
	return isBlockingCall(pass, as.Rhs[0])
}

// isBlockingCall returns the call of a blocking function with a context that may be
// canceled, or nil.
func isBlockingCall(pass *rule.Pass, e ast.Expr) *ast.CallExpr {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || len(call.Args) == 0 || !api.Blocks(api.Callee(pass.TypesInfo, call)) || pass.Var(call.Args[0]) == nil {
		return nil
	}
	return call
}

// goesOn reports whether an if statement ends with continue, and neither leaves the loop
// nor could notice a cancellation before.
func goesOn(pass *rule.Pass, check *ast.IfStmt) bool {
	if check.Else != nil || len(check.Body.List) == 0 {
		return false
	}
	end, ok := check.Body.List[len(check.Body.List)-1].(*ast.BranchStmt)
	return ok && end.Tok == token.CONTINUE && end.Label == nil && !notices(pass, &ast.BlockStmt{List: check.Body.List[:len(check.Body.List)-1]})
}

// notices reports whether a statement may leave a loop, or look at a context.
func notices(pass *rule.Pass, n ast.Node) bool {
	return contains(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ReturnStmt, *ast.BranchStmt, *ast.DeferStmt, *ast.SelectStmt:
			return true
		case *ast.CallExpr:
			if id, ok := ast.Unparen(n.Fun).(*ast.Ident); ok && id.Name == "panic" {
				return true
			}
			for _, arg := range n.Args {
				if t := pass.TypesInfo.TypeOf(arg); t != nil && api.IsContext(t) {
					return true
				}
			}
			sel, ok := ast.Unparen(n.Fun).(*ast.SelectorExpr)
			if !ok {
				return isUnknown(pass, n)
			}
			t := pass.TypesInfo.TypeOf(sel.X)
			return t != nil && api.IsContext(t) || api.Called(pass.TypesInfo, n) == "anyio.IsCancellation" || isExit(pass, n)
		}
		return false
	})
}

// isUnknown reports whether a call is of a function literal or a variable.
func isUnknown(pass *rule.Pass, call *ast.CallExpr) bool {
	_, isVar := pass.Object(call.Fun).(*types.Var)
	_, isLit := ast.Unparen(call.Fun).(*ast.FuncLit)
	return isVar || isLit
}

// isExit reports whether a call is of a function that ends the goroutine or the process,
// going by its name.
func isExit(pass *rule.Pass, call *ast.CallExpr) bool {
	f := api.Callee(pass.TypesInfo, call)
	if f == nil {
		return false
	}
	switch f.Name() {
	case "Exit", "Fatal", "Fatalf", "Fatalln", "Goexit", "FailNow", "Panic", "Panicf", "Skip", "Skipf":
		return true
	}
	return false
}

// spinsWithoutErrors looks for a loop without an end whose only blocking calls are those
// whose errors it drops.
func spinsWithoutErrors(pass *rule.Pass, loop *ast.ForStmt) {
	var dropped *ast.CallExpr
	for _, s := range loop.Body.List {
		var call *ast.CallExpr
		switch s := s.(type) {
		case *ast.ExprStmt:
			call = isBlockingCall(pass, s.X)
		case *ast.AssignStmt:
			if len(s.Rhs) == 1 && isBlank(s.Lhs[len(s.Lhs)-1]) {
				call = isBlockingCall(pass, s.Rhs[0])
			}
		}
		if call == nil && notices(pass, s) {
			return
		}
		if dropped == nil {
			dropped = call
		}
	}
	if dropped != nil {
		pass.Reportf(dropped.Pos(), "when its scope is canceled this loop never ends: return the error of %s",
			api.Callee(pass.TypesInfo, dropped).Name())
	}
}

// contextErrors returns the error variables that are set by calls with the context that
// a function was given, and by nothing else.
func contextErrors(pass *rule.Pass) map[*types.Var]bool {
	from := map[*types.Var]bool{}
	assignments(pass, func(lhs, rhs ast.Expr) {
		v := pass.Var(lhs)
		if v == nil || !api.IsError(v.Type()) {
			return
		}
		call, ok := ast.Unparen(rhs).(*ast.CallExpr)
		ok = ok && len(call.Args) > 0
		if ok {
			ctx := pass.Var(call.Args[0])
			ok = ctx != nil && ctx.Kind() == types.ParamVar && api.IsContext(ctx.Type()) && api.Blocks(api.Callee(pass.TypesInfo, call))
		}
		was, known := from[v]
		from[v] = ok && (was || !known)
	})
	return from
}

// returnsNil looks at if statements that return nil for a cancellation.
func returnsNil(pass *rule.Pass, cur inspector.Cursor, from map[*types.Var]bool) {
	check := cur.Node().(*ast.IfStmt)
	err := cancellationOf(pass, check.Cond)
	if err == nil || !from[err] || len(check.Body.List) == 0 {
		return
	}
	ret, ok := check.Body.List[len(check.Body.List)-1].(*ast.ReturnStmt)
	if !ok || len(ret.Results) == 0 || !pass.TypesInfo.Types[ret.Results[len(ret.Results)-1]].IsNil() {
		return
	}
	var sig *types.Signature
	switch f := around(cur).(type) {
	case *ast.FuncDecl:
		sig = pass.TypesInfo.Defs[f.Name].(*types.Func).Signature()
	case *ast.FuncLit:
		sig, _ = pass.TypesInfo.TypeOf(f).(*types.Signature)
	}
	if sig != nil && api.TakesContext(sig) && api.ReturnsError(sig) {
		pass.Reportf(ret.Pos(), "a cancellation is swallowed: return it, the scope that was canceled removes it")
	}
}

// cancellationOf returns the variable whose being a cancellation is all of a condition.
func cancellationOf(pass *rule.Pass, cond ast.Expr) *types.Var {
	switch e := ast.Unparen(cond).(type) {
	case *ast.BinaryExpr:
		if e.Op != token.LOR {
			return nil
		}
		if v := cancellationOf(pass, e.X); v != nil && v == cancellationOf(pass, e.Y) {
			return v
		}
	case *ast.CallExpr:
		switch f := api.Callee(pass.TypesInfo, e); {
		case f == nil:
		case api.Name(f) == "anyio.IsCancellation":
			return pass.Var(e.Args[0])
		case api.Func(f) == "errors.Is" && len(e.Args) == 2: // not errors.Is(f())
			obj := pass.Object(e.Args[1])
			if api.Name(obj) == "anyio.ErrCanceled" || obj != nil && obj.Pkg() != nil && obj.Pkg().Path() == "context" && obj.Name() == "Canceled" {
				return pass.Var(e.Args[0])
			}
		}
	}
	return nil
}
