package rules

import (
	"go/ast"
	"go/types"
	"strings"

	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// HeldLock reports locks and tokens that are still held at a return.
var HeldLock = rule.New("heldlock", `find locks and tokens that are still held at a return

A Lock, an RWLock, a Semaphore, a CapacityLimiter, a Condition or a ResourceGuard that a
function acquires, and releases on one way, has to be released on every way. The method Do
does that, and so does a deferred Release. A function that never releases it is not
looked at: it may be meant to return with the lock.`,
	heldLock, ctrlflow.Analyzer)

// releaseOf tells how what a method acquires is released.
var releaseOf = map[string]string{
	"Acquire": "Release", "TryAcquire": "Release",
	"AcquireRead": "ReleaseRead", "TryAcquireRead": "ReleaseRead",
}

func heldLock(pass *rule.Pass) {
	pass.Calls(func(cur inspector.Cursor, call *ast.CallExpr, name string) {
		release := releaseOf[api.Method(name)]
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if release == "" || !ok || !strings.HasPrefix(name, api.Root) {
			return
		}
		root, fields := path(pass, sel.X)
		g, f := graph(pass, cur)
		if root == nil || g == nil {
			return
		}
		is := callOn(pass, root, fields, release)
		d := debt{from: call, paid: func(n ast.Node) bool { return contains(n, is) }}
		if d.free, ok = refused(pass, cur, call); !ok {
			return
		}
		fn, _ := pass.Cursor().FindNode(f)
		if !releasedPlainly(fn, call, is) {
			return
		}
		if ret := d.unpaid(g); ret != nil {
			pass.Reportf(call.Pos(), "%s is still held at the return in line %d: use Do, or defer %s",
				source(pass, sel.X), pass.Fset.Position(ret.Pos()).Line, release)
		}
	})
}

// refused returns what tells whether a condition means that nothing was acquired. ok is
// false if the error is not looked at in a way that can be followed.
func refused(pass *rule.Pass, cur inspector.Cursor, call *ast.CallExpr) (free func(cond ast.Expr) (is, ok bool), ok bool) {
	switch parent := cur.Parent().Node().(type) {
	case *ast.ExprStmt:
		return never, true
	case *ast.BinaryExpr:
		return func(cond ast.Expr) (is, ok bool) {
			x, equal, ok := comparesNil(pass, cond)
			return !equal, ok && x == call
		}, cur.Parent().Parent().Node() != nil && isIf(cur.Parent())
	case *ast.AssignStmt:
		if len(parent.Lhs) != 1 {
			return nil, false
		}
		err := pass.Var(parent.Lhs[0])
		if err == nil || !nextIsCheck(pass, cur.Parent(), err) {
			return nil, false
		}
		return func(cond ast.Expr) (is, ok bool) {
			x, equal, ok := comparesNil(pass, cond)
			return !equal, ok && pass.Var(x) == err
		}, true
	}
	return nil, false
}

// isIf reports whether an expression is all of the condition of an if statement.
func isIf(cur inspector.Cursor) bool {
	s, ok := cur.Parent().Node().(*ast.IfStmt)
	return ok && s.Cond == cur.Node()
}

// nextIsCheck reports whether an assignment is followed by its comparison with nil.
func nextIsCheck(pass *rule.Pass, as inspector.Cursor, err *types.Var) bool {
	s, ok := as.Parent().Node().(*ast.IfStmt)
	if !ok {
		next, there := as.NextSibling()
		if !there {
			return false
		}
		if s, ok = next.Node().(*ast.IfStmt); !ok || s.Init != nil {
			return false
		}
	}
	x, _, ok := comparesNil(pass, s.Cond)
	return ok && pass.Var(x) == err
}

// releasedPlainly reports whether the function releases what it has acquired, in a way
// that can be followed: not in function literals that run who knows when, and not if
// something is so that was so when it was acquired.
func releasedPlainly(fn inspector.Cursor, acquire *ast.CallExpr, is func(n ast.Node) bool) bool {
	released := false
	for c := range fn.Preorder((*ast.CallExpr)(nil)) {
		if !is(c.Node()) {
			continue
		}
		released = true
		left := false // where it is released goes elsewhere
		for p := range c.Enclosing((*ast.FuncLit)(nil), (*ast.BlockStmt)(nil), (*ast.CaseClause)(nil)) {
			n := p.Node()
			if n == fn.Node() || rule.Inside(acquire, n) {
				break
			}
			switch n := n.(type) {
			case *ast.FuncLit:
				left = false
				if !isDeferred(p) {
					return false
				}
			case *ast.BlockStmt:
				left = left || leaves(n.List)
				if _, ok := p.Parent().Node().(*ast.IfStmt); ok && !left {
					return false
				}
			case *ast.CaseClause:
				if left = left || leaves(n.Body); !left {
					return false
				}
			}
		}
	}
	return released
}

// leaves reports whether statements end with one that goes elsewhere.
func leaves(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch s := list[len(list)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	case *ast.ExprStmt:
		call, ok := s.X.(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := call.Fun.(*ast.Ident)
		return ok && id.Name == "panic"
	}
	return false
}
