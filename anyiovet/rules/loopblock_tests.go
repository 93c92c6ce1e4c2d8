package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
)

// In files of tests a loop may be held up for a moment: until a goroutine outside has
// done its part, or because what is received is there already. There only those waits are
// reported that the loop itself would have to end, which it cannot: both ends of the
// channel, or of the WaitGroup, are tasks.

// An end is a use of a channel or a WaitGroup.
type end struct {
	cur  inspector.Cursor
	kind endKind
}

type endKind int

const (
	gives endKind = iota // a send, a close or Done
	takes                // a receive or Wait
	other                // it is handed on: others may have an end
)

// inTests reports a wait of a test, when all code of the loop is known, if the loop itself
// would have to end it.
func (l *loopCode) inTests(c inspector.Cursor, of ast.Expr, kind endKind, report func()) {
	if kind == takes && (waitedBefore(l, c) || runsDeferred(c)) {
		return // what is waited for may have been done meanwhile
	}
	l.later = append(l.later, func() {
		ends := l.endsOf(l.pass.Object(of))
		peers := 0
		for _, e := range ends {
			switch {
			case e.kind == other:
				return
			case e.kind == kind:
				continue
			case !l.here[around(e.cur)]:
				return // a goroutine outside has the other end
			case kind == takes && inFunction(c, around(e.cur)):
				return // what is around the receive has sent before
			}
			peers++
		}
		if peers > 0 {
			report()
		}
	})
}

// runsDeferred reports whether a node is deferred, or in a function that is.
func runsDeferred(c inspector.Cursor) bool {
	for range c.Enclosing((*ast.DeferStmt)(nil)) {
		return true
	}
	return false
}

// inFunction reports whether a function is one of those around a node.
func inFunction(c inspector.Cursor, f ast.Node) bool {
	for p := range c.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		if p.Node() == f {
			return true
		}
	}
	return false
}

// waitedBefore reports whether the function around a node calls something before it in
// which other tasks may have run.
func waitedBefore(l *loopCode, c inspector.Cursor) bool {
	return l.callsBefore(c, func(call *ast.CallExpr) bool {
		f := api.Callee(l.pass.TypesInfo, call)
		return waits(l.pass, call) || f != nil && f.Pkg() == l.pass.Pkg
	})
}

// cancelsBefore reports whether the function around a node cancels something before it.
func cancelsBefore(l *loopCode, c inspector.Cursor) bool {
	return l.callsBefore(c, func(call *ast.CallExpr) bool {
		name := strings.ToLower(source(l.pass, call.Fun))
		name = name[strings.LastIndexByte(name, '.')+1:]
		return strings.Contains(name, "cancel") || name == "stop" || name == "setshield"
	})
}

// callsBefore reports whether the function around a node has such a call before it.
func (l *loopCode) callsBefore(c inspector.Cursor, is func(call *ast.CallExpr) bool) bool {
	fn, ok := l.pass.Cursor().FindNode(around(c))
	if !ok {
		return false
	}
	for p := range fn.Preorder((*ast.CallExpr)(nil)) {
		call := p.Node().(*ast.CallExpr)
		if call.End() <= c.Node().Pos() && around(p) == fn.Node() && is(call) {
			return true
		}
	}
	return false
}

// isDone reports whether an expression is the Done channel of a context.
func (l *loopCode) isDone(e ast.Expr) bool {
	call, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return false
	}
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "Done" && api.IsContext(l.pass.TypesInfo.TypeOf(sel.X))
}

// endsOf returns the uses of a variable: one end that is handed on for what is not a
// channel without a buffer, or a WaitGroup, that is known.
func (l *loopCode) endsOf(obj types.Object) []end {
	if l.ends == nil {
		l.ends = map[types.Object][]end{}
		for c := range l.pass.Cursor().Preorder((*ast.Ident)(nil)) {
			v, ok := l.pass.TypesInfo.Uses[c.Node().(*ast.Ident)].(*types.Var)
			if ok && (l.unbuffered[v] || isWaitGroup(v.Type())) {
				l.use(v, c)
			}
		}
	}
	if obj == nil || !l.unbuffered[obj] && !isWaitGroup(obj.Type()) {
		return []end{{kind: other}}
	}
	return l.ends[obj]
}

func isWaitGroup(t types.Type) bool {
	named := api.Named(t)
	return named != nil && named.Obj().Pkg() != nil && named.Obj().Pkg().Path() == "sync" && named.Obj().Name() == "WaitGroup"
}

// use notes what is done with a variable at a place.
func (l *loopCode) use(v *types.Var, c inspector.Cursor) {
	kind, _ := c.ParentEdge()
	if kind == edge.SelectorExpr_Sel {
		c = c.Parent() // x.field
		kind, _ = c.ParentEdge()
	}
	add := func(k endKind) { l.ends[v] = append(l.ends[v], end{c, k}) }
	switch parent := c.Parent().Node().(type) {
	case *ast.SendStmt:
		if kind == edge.SendStmt_Chan {
			add(gives)
			return
		}
	case *ast.UnaryExpr:
		if parent.Op == token.ARROW {
			add(takes)
			return
		}
	case *ast.RangeStmt:
		if kind == edge.RangeStmt_X {
			add(takes)
			return
		}
	case *ast.AssignStmt:
		if kind == edge.AssignStmt_Lhs {
			return
		}
	case *ast.CallExpr:
		switch l.pass.Object(parent.Fun) {
		case types.Universe.Lookup("close"):
			add(gives)
			return
		case types.Universe.Lookup("len"), types.Universe.Lookup("cap"):
			return
		}
	case *ast.SelectorExpr: // a method of the WaitGroup
		switch parent.Sel.Name {
		case "Add":
			return
		case "Done":
			add(gives)
			return
		case "Wait":
			add(takes)
			return
		}
	}
	add(other)
}
