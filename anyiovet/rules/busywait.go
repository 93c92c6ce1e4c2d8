package rules

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"strings"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// BusyWait reports loops that sleep until something is so.
var BusyWait = rule.New("busywait", `find loops that only sleep and look whether something has happened

What another task does can be waited for: an Event, a Condition, a Future, the handle of
the task. A loop that sleeps and looks is late, and keeps a loop from resting.
Conditions that call functions, which may look at the world outside, and loops that give
way by Sleep(ctx, 0), are not reported.`,
	busyWait)

func busyWait(pass *rule.Pass) {
	for cur := range pass.Cursor().Preorder((*ast.ForStmt)(nil)) {
		loop := cur.Node().(*ast.ForStmt)
		if loop.Init != nil || loop.Post != nil {
			continue
		}
		list, cond := loop.Body.List, loop.Cond
		if cond == nil {
			check, ok := firstIf(list)
			if !ok {
				continue
			}
			list, cond = list[1:], check
		}
		if onlySleeps(pass, list) && othersSet(pass, cond) {
			pass.Reportf(loop.Pos(), "a loop that sleeps until something is so: wait for an Event, a Condition or the task")
		}
	}
}

// firstIf returns the condition of an if statement that leaves the loop and begins it.
func firstIf(list []ast.Stmt) (ast.Expr, bool) {
	if len(list) < 2 {
		return nil, false
	}
	check, ok := list[0].(*ast.IfStmt)
	if !ok || check.Init != nil || check.Else != nil || len(check.Body.List) != 1 || !leaves(check.Body.List) {
		return nil, false
	}
	return check.Cond, true
}

// onlySleeps reports whether statements are one Sleep and what is done with its error.
func onlySleeps(pass *rule.Pass, list []ast.Stmt) bool {
	if len(list) == 2 { // err := Sleep; if err != nil …
		if check, ok := list[1].(*ast.IfStmt); !ok || check.Init != nil || len(check.Body.List) != 1 {
			return false
		}
		list = list[:1]
	}
	if len(list) != 1 {
		return false
	}
	var e ast.Expr
	switch s := list[0].(type) {
	case *ast.ExprStmt:
		e = s.X
	case *ast.AssignStmt:
		e = s.Rhs[0]
	case *ast.IfStmt:
		if as, ok := s.Init.(*ast.AssignStmt); ok && s.Else == nil && len(s.Body.List) == 1 {
			e = as.Rhs[0]
		}
	}
	if e == nil {
		return false
	}
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok || api.Called(pass.TypesInfo, call) != "anyio.Sleep" || len(call.Args) < 2 { // Sleep(f()) has one
		return false
	}
	d := pass.TypesInfo.Types[call.Args[1]].Value
	return d == nil || constant.Sign(d) > 0
}

// othersSet reports whether a condition consists of what other tasks of the program set:
// variables, and states that can be waited for.
func othersSet(pass *rule.Pass, cond ast.Expr) bool {
	plain, vars := true, 0
	ast.Inspect(cond, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.Ident:
			if _, ok := pass.TypesInfo.Uses[n].(*types.Var); ok {
				vars++
			}
		case *ast.CallExpr:
			plain = plain && isState(pass, n)
		case *ast.UnaryExpr:
			plain = plain && n.Op != token.ARROW
		case *ast.FuncLit:
			plain = false
		}
		return plain
	})
	return plain && vars > 0
}

// isState reports whether a call asks for a state that can be waited for.
func isState(pass *rule.Pass, call *ast.CallExpr) bool {
	if b, ok := pass.Object(call.Fun).(*types.Builtin); ok {
		return b.Name() == "len"
	}
	f := api.Callee(pass.TypesInfo, call)
	if f == nil || len(call.Args) > 0 {
		return false
	}
	switch api.Name(f) {
	case "anyio.Event.IsSet", "anyio.TaskHandle.Status", "anyio.Future.Status", "anyio.Once.Done", "anyio.Lock.Locked":
		return true
	}
	return strings.HasPrefix(f.FullName(), "(*sync/atomic.") && f.Name() == "Load"
}
