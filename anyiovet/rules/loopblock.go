package rules

import (
	"go/ast"
	"go/token"
	"go/types"
	"strings"

	"golang.org/x/tools/go/ast/edge"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// LoopBlock reports what holds up a loop, and what a simulation does not decide.
var LoopBlock = rule.New("loopblock", `find what blocks the thread of an event loop, or is not simulated

On an event loop, and in the simulator, all tasks share one thread: a channel operation,
time.Sleep or a request of net/http holds up all of them, and a simulation does not know
of it. In a simulation the clock is the run's, and so is chance: time.Now and the
functions of math/rand are not repeated by the seed.

Looked at are functions with //anyio:loop or //anyio:sim in their comment, or all of a
file with it above the package clause; the main functions of Run on EventLoop, EventLoops
or a sim.New; and what these call in their package, with a context. Functions that run
elsewhere, as those of RunBlocking, may do all of it.`,
	loopBlock)

// A place is where code runs.
type place int

const (
	onLoop    place = iota + 1
	simulated       // on a loop, with virtual time
)

func loopBlock(pass *rule.Pass) {
	l := &loopCode{pass: pass, seen: map[ast.Node]bool{}, unbuffered: unbufferedChannels(pass)}
	l.from(simulated) // first: more is reported there
	l.from(onLoop)
}

// from looks at the functions that run at a place by themselves.
func (l *loopCode) from(at place) {
	for _, file := range l.pass.Files {
		whole := place(0)
		for _, group := range file.Comments {
			if group.Pos() < file.Package {
				whole = max(whole, marked(group))
			}
		}
		for _, decl := range file.Decls {
			if f, ok := decl.(*ast.FuncDecl); ok && f.Body != nil {
				if max(whole, marked(f.Doc)) == at {
					l.function(f, f.Body, at)
				}
			}
		}
	}
	l.pass.Calls(func(_ inspector.Cursor, call *ast.CallExpr, name string) {
		if backend(l.pass, call, name) == at {
			for _, b := range api.Bodies(l.pass.TypesInfo, call) {
				l.function(b.Lit, b.Lit.Body, at)
			}
		}
	})
}

// marked returns what the directive in a comment says.
func marked(comment *ast.CommentGroup) place {
	at := place(0)
	if comment != nil {
		for _, c := range comment.List {
			switch c.Text {
			case "//anyio:loop":
				at = max(at, onLoop)
			case "//anyio:sim":
				at = max(at, simulated)
			}
		}
	}
	return at
}

// backend returns where Run runs its main function, if its options tell.
func backend(pass *rule.Pass, call *ast.CallExpr, name string) place {
	at := place(0)
	switch name {
	case "sim.RunOnHost":
		return simulated
	case "asyncio.Run", "asyncio.RunValue":
		at = onLoop
	case "anyio.Run", "anyio.RunValue":
	default:
		return 0
	}
	on := option(pass, call, "anyio.On")
	if on == nil {
		return at
	}
	if b, ok := ast.Unparen(on.Args[0]).(*ast.CallExpr); ok {
		switch api.Called(pass.TypesInfo, b) {
		case "anyio.EventLoop", "anyio.EventLoops":
			return onLoop
		case "sim.New":
			return simulated
		}
	}
	return at
}

// loopCode goes through what runs on a loop.
type loopCode struct {
	pass       *rule.Pass
	seen       map[ast.Node]bool
	unbuffered map[types.Object]bool
}

// function looks at a function, and at what it calls.
func (l *loopCode) function(f ast.Node, body *ast.BlockStmt, at place) {
	if l.seen[f] {
		return
	}
	l.seen[f] = true
	cur, ok := l.pass.Cursor().FindNode(body)
	if !ok {
		return
	}
	cur.Inspect([]ast.Node{(*ast.FuncLit)(nil), (*ast.GoStmt)(nil), (*ast.SelectStmt)(nil), (*ast.SendStmt)(nil),
		(*ast.UnaryExpr)(nil), (*ast.RangeStmt)(nil), (*ast.CallExpr)(nil)}, func(c inspector.Cursor) bool {
		switch n := c.Node().(type) {
		case *ast.GoStmt:
			return false // another goroutine
		case *ast.FuncLit:
			return l.runsHere(c, n)
		case *ast.SelectStmt:
			l.selects(n)
		case *ast.SendStmt:
			if l.unbuffered[l.pass.Object(n.Chan)] && !isComm(c) {
				l.pass.Reportf(n.Pos(), "a send to a channel holds up the loop: use stream.Memory, or stream.ToChan")
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW && !isComm(c) {
				l.pass.Reportf(n.Pos(), "a receive from a channel holds up the loop: use stream.Memory or stream.FromChan, or an Event")
			}
		case *ast.RangeStmt:
			if _, ok := l.pass.TypesInfo.TypeOf(n.X).Underlying().(*types.Chan); ok {
				l.pass.Reportf(n.X.Pos(), "a loop over a channel holds up the loop: use stream.Memory or stream.FromChan")
			}
		case *ast.CallExpr:
			l.call(n, at)
		}
		return true
	})
}

// runsHere reports whether a function literal runs in the loop: it is a body or a task,
// or is called at once.
func (l *loopCode) runsHere(c inspector.Cursor, lit *ast.FuncLit) bool {
	switch kind, _ := c.ParentEdge(); kind {
	case edge.CallExpr_Fun:
		return true
	case edge.CallExpr_Args:
		call := c.Parent().Node().(*ast.CallExpr)
		b, ok := api.BodyOf(l.pass.TypesInfo, call, lit)
		return ok && b.Kind != api.Main
	}
	return false
}

// selects reports a select statement that waits.
func (l *loopCode) selects(s *ast.SelectStmt) {
	for _, clause := range s.Body.List {
		if clause.(*ast.CommClause).Comm == nil {
			return // it has a default
		}
	}
	l.pass.Reportf(s.Pos(), "a select statement holds up the loop: use anyio.Select")
}

// isComm reports whether a channel operation is the case of a select statement.
func isComm(c inspector.Cursor) bool {
	for p := range c.Enclosing((*ast.CommClause)(nil), (*ast.BlockStmt)(nil), (*ast.FuncLit)(nil)) {
		clause, ok := p.Node().(*ast.CommClause)
		return ok && clause.Comm != nil && rule.Inside(c.Node(), clause.Comm)
	}
	return false
}

// call looks at a call, and at the function of this package that is called with a
// context.
func (l *loopCode) call(call *ast.CallExpr, at place) {
	f := api.Callee(l.pass.TypesInfo, call)
	if f == nil {
		return
	}
	if instead := holdsUp(f); instead != "" {
		l.pass.Reportf(call.Pos(), "%s holds up the loop: use %s", f.Name(), instead)
		return
	}
	if at == simulated {
		if instead := notSimulated(f); instead != "" {
			l.pass.Reportf(call.Pos(), "%s is not simulated: use %s", f.Name(), instead)
			return
		}
	}
	if f.Pkg() == l.pass.Pkg && api.TakesContext(f.Signature()) {
		if decl := declaration(l.pass, f); decl != nil && decl.Body != nil {
			l.function(decl, decl.Body, at)
		}
	}
}

// holdsUp returns what is to be used in place of a function that blocks the thread, "" if
// it does not.
func holdsUp(f *types.Func) string {
	switch api.Func(f) {
	case "time.Sleep":
		return "anyio.Sleep"
	case "(*sync.WaitGroup).Wait":
		return "a task group"
	case "(*sync.Cond).Wait":
		return "an anyio.Condition"
	case "net.Dial", "net.DialTimeout", "net.DialTCP", "net.DialUDP", "net.DialUnix", "(*net.Dialer).Dial", "(*net.Dialer).DialContext":
		return "package socket"
	case "(*os/exec.Cmd).Run", "(*os/exec.Cmd).Wait", "(*os/exec.Cmd).Output", "(*os/exec.Cmd).CombinedOutput":
		return "package process"
	case "net/http.Get", "net/http.Head", "net/http.Post", "net/http.PostForm", "(*net/http.Client).Do", "(*net/http.Client).Get",
		"(*net/http.Client).Head", "(*net/http.Client).Post", "(*net/http.Client).PostForm":
		return "RunBlocking"
	}
	if f.Pkg() == nil || !api.TakesContext(f.Signature()) || !api.ReturnsError(f.Signature()) {
		return ""
	}
	switch f.Pkg().Path() {
	case "net", "database/sql":
		return "RunBlocking"
	}
	return ""
}

// notSimulated returns what is to be used in place of a function that asks the system
// for time or chance, "" for others.
func notSimulated(f *types.Func) string {
	if f.Pkg() == nil || f.Signature().Recv() != nil {
		return ""
	}
	switch path := f.Pkg().Path(); path {
	case "time":
		switch f.Name() {
		case "Now", "Since", "Until":
			return "anyio.Now"
		case "After", "Tick", "NewTimer", "NewTicker", "AfterFunc":
			return "anyio.Sleep, a deadline or an anyio.Ticker"
		}
	case "math/rand", "math/rand/v2":
		if !strings.HasPrefix(f.Name(), "New") {
			return "anyio.Rand"
		}
	}
	return ""
}

// unbufferedChannels returns the variables that are set to channels without a buffer.
func unbufferedChannels(pass *rule.Pass) map[types.Object]bool {
	set := map[types.Object]bool{}
	assignments(pass, func(lhs, rhs ast.Expr) {
		obj := pass.Object(lhs)
		if obj == nil {
			return
		}
		if _, ok := obj.Type().Underlying().(*types.Chan); !ok {
			return
		}
		call, ok := ast.Unparen(rhs).(*ast.CallExpr)
		ok = ok && len(call.Args) == 1 && pass.Object(call.Fun) == types.Universe.Lookup("make")
		was, known := set[obj]
		set[obj] = ok && (was || !known)
	})
	return set
}
