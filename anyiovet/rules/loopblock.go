package rules

import (
	"fmt"
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
or a sim.New; what is given to anyiotest.Run, unless its options leave out all of these
backends, to Search and its like, and to CancelEverywhere, also by way of a helper in the
package; and what all these call in their package, with a context. Functions that run
elsewhere, as those of RunBlocking, may do all of it.

A test may wait for what a goroutine outside does: in files of tests a channel or a
WaitGroup is reported if both of its ends are tasks, and nothing was waited for before.`,
	loopBlock)

func loopBlock(pass *rule.Pass) {
	l := &loopCode{pass: pass, seen: map[ast.Node]bool{}, unbuffered: unbufferedChannels(pass),
		literals: functionVars(pass), params: map[*types.Var]bool{}, here: map[ast.Node]bool{}}
	l.from(simulated) // first: more is reported there
	l.from(onLoop)
	for _, decide := range l.later {
		decide()
	}
}

// loopCode goes through what runs on a loop.
type loopCode struct {
	pass       *rule.Pass
	seen       map[ast.Node]bool
	unbuffered map[types.Object]bool
	literals   map[types.Object]*ast.FuncLit // of variables
	params     map[*types.Var]bool           // functions
	here       map[ast.Node]bool             // functions that run on a loop
	ends       map[types.Object][]end
	later      []func() // what is decided when here is complete
}

// function looks at a function, and at what it calls.
func (l *loopCode) function(f ast.Node, body *ast.BlockStmt, at place) {
	if l.seen[f] {
		return
	}
	l.seen[f], l.here[f] = true, true
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
			if !l.runsHere(c, n) {
				return false
			}
			l.here[n] = true
		case *ast.SelectStmt:
			l.selects(n)
		case *ast.SendStmt:
			if l.unbuffered[l.pass.Object(n.Chan)] && !isComm(c) {
				l.waits(c, n.Pos(), n.Chan, gives, "a send to a channel holds up the loop: use stream.Memory, or stream.ToChan")
			}
		case *ast.UnaryExpr:
			if n.Op == token.ARROW && !isComm(c) {
				l.waits(c, n.Pos(), n.X, takes, "a receive from a channel holds up the loop: use stream.Memory or stream.FromChan, or an Event")
			}
		case *ast.RangeStmt:
			if _, ok := l.pass.TypesInfo.TypeOf(n.X).Underlying().(*types.Chan); ok {
				l.waits(c, n.X.Pos(), n.X, takes, "a loop over a channel holds up the loop: use stream.Memory or stream.FromChan")
			}
		case *ast.CallExpr:
			l.call(c, n, at)
		}
		return true
	})
}

// waits reports a wait for the other end of a channel or a WaitGroup.
func (l *loopCode) waits(c inspector.Cursor, pos token.Pos, of ast.Expr, kind endKind, message string) {
	report := func() { l.pass.Reportf(pos, "%s", message) }
	switch {
	case !l.pass.InTest(c.Node()):
		report()
	case !l.isDone(of):
		l.inTests(c, of, kind, report)
	case !cancelsBefore(l, c):
		report()
	}
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
		if strings.HasPrefix(b.Name, "portal.") && b.Name != "portal.With" {
			return false // in the run of the portal, which may be another one
		}
		return ok && (b.Kind != api.Main || inlineInTest[b.Name])
	}
	return false
}

// inlineInTest are the functions of anyiotest that call what they are given at once.
var inlineInTest = map[string]bool{
	"anyiotest.Fixture": true, "anyiotest.CheckCheckpoint": true, "anyiotest.CheckNoCheckpoint": true,
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
func (l *loopCode) call(c inspector.Cursor, call *ast.CallExpr, at place) {
	f := api.Callee(l.pass.TypesInfo, call)
	if f == nil {
		if v := l.pass.Var(call.Fun); v != nil && v.Kind() == types.ParamVar {
			l.parameter(v, at)
		}
		return
	}
	if instead := holdsUp(f); instead != "" {
		message := fmt.Sprintf("%s holds up the loop: use %s", f.Name(), instead)
		if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && api.Func(f) == "(*sync.WaitGroup).Wait" {
			l.waits(c, call.Pos(), sel.X, takes, message)
		} else {
			l.pass.Reportf(call.Pos(), "%s", message)
		}
		return
	}
	if at == simulated && !(f.Name() == "Now" && l.pass.InTest(call) && !l.toModule(c)) {
		if instead := notSimulated(f); instead != "" {
			l.pass.Reportf(call.Pos(), "%s is not simulated: use %s", f.Name(), instead)
			return
		}
	}
	l.declared(f, at)
	if name := api.Name(f); name != "" && max(backend(l.pass, call, name), inTest(l.pass, call, name)) == 0 {
		for _, arg := range call.Args {
			if _, ok := ast.Unparen(arg).(*ast.FuncLit); !ok {
				l.value(arg, at)
			}
		}
	}
}

// toModule reports whether a time is given to a function of the module, as a deadline is.
// Tests may take the system's time for what is outside, as the times of files.
func (l *loopCode) toModule(c inspector.Cursor) bool {
	for {
		kind, _ := c.ParentEdge()
		switch parent := c.Parent().Node().(type) {
		case *ast.ParenExpr, *ast.SelectorExpr: // time.Now().Add
		case *ast.CallExpr:
			if kind == edge.CallExpr_Args {
				return api.Called(l.pass.TypesInfo, parent) != ""
			}
		default:
			return false
		}
		c = c.Parent()
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
