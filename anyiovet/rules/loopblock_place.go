package rules

import (
	"go/ast"
	"go/constant"
	"go/types"

	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// A place is where code runs.
type place int

const (
	onLoop    place = iota + 1
	simulated       // on a loop, with virtual time
)

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
		if max(backend(l.pass, call, name), inTest(l.pass, call, name)) == at {
			for _, arg := range call.Args {
				l.value(arg, at)
			}
		}
	})
	if at == simulated {
		for cur := range l.pass.Cursor().Preorder((*ast.CompositeLit)(nil)) {
			l.scenario(cur.Node().(*ast.CompositeLit))
		}
	}
}

// scenario looks at the functions of an anyiotest.Scenario.
func (l *loopCode) scenario(lit *ast.CompositeLit) {
	named := api.Named(l.pass.TypesInfo.TypeOf(lit))
	if named == nil || api.Name(named.Obj()) != "anyiotest.Scenario" {
		return
	}
	for _, e := range lit.Elts {
		if kv, ok := e.(*ast.KeyValueExpr); ok {
			e = kv.Value
		}
		l.value(e, simulated)
	}
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

// inTest returns where a function of anyiotest runs what it is given: in simulations, if
// they are among the backends that its options leave.
func inTest(pass *rule.Pass, call *ast.CallExpr, name string) place {
	switch name {
	case "anyiotest.Search", "anyiotest.Explore", "anyiotest.Fuzz", "anyiotest.CheckDeterminism":
		return simulated
	case "anyiotest.Run", "anyiotest.TestByteStream", "anyiotest.TestObjectStream":
	default:
		return 0
	}
	if len(call.Args) < 2 {
		return 0
	}
	opts, all := call.Args[2:], true
	if call.Ellipsis.IsValid() {
		// append(others, …)...: the others may leave out simulations.
		add, ok := ast.Unparen(opts[0]).(*ast.CallExpr)
		if !ok || add.Ellipsis.IsValid() || pass.Object(add.Fun) != types.Universe.Lookup("append") {
			return 0
		}
		opts, all = add.Args[1:], false
	}
	only, left := map[string]bool{}, map[string]bool{"parallel": true, "eventloop": true, "sim": true}
	for _, o := range opts {
		c, ok := ast.Unparen(o).(*ast.CallExpr)
		if !ok {
			return 0 // it may be any option
		}
		names := c.Args
		switch api.Called(pass.TypesInfo, c) {
		case "":
			return 0
		case "anyiotest.Skip":
			names = names[:1]
		case "anyiotest.Only":
		default:
			continue
		}
		for _, arg := range names {
			value := pass.TypesInfo.Types[arg].Value
			if value == nil || value.Kind() != constant.String {
				return 0
			}
			if name := constant.StringVal(value); len(names) == len(c.Args) {
				only[properName(name)] = true
			} else {
				delete(left, properName(name))
			}
		}
	}
	if len(only) > 0 {
		for name := range left {
			if !only[name] {
				delete(left, name)
			}
		}
	}
	switch {
	case left["sim"] && all:
		return simulated
	case left["eventloop"] && (all || !left["parallel"]):
		return onLoop
	}
	return 0
}

// properName returns the name of a backend that may be given by its alias.
func properName(backend string) string {
	switch backend {
	case "asyncio":
		return "eventloop"
	case "trio":
		return "parallel"
	}
	return backend
}

// value looks at a function that is given as a value: a literal, a function of this
// package, or a parameter of a function that callers in this package give it. It is called
// with a context, as what may block is.
func (l *loopCode) value(e ast.Expr, at place) {
	t := l.pass.TypesInfo.TypeOf(e)
	if t == nil {
		return
	}
	if sig, ok := t.Underlying().(*types.Signature); !ok || contextIndex(sig) < 0 {
		return
	}
	if lit, ok := ast.Unparen(e).(*ast.FuncLit); ok {
		l.function(lit, lit.Body, at)
		return
	}
	switch obj := l.pass.Object(e).(type) {
	case *types.Func:
		l.declared(obj, at)
	case *types.Var:
		if obj.Kind() == types.ParamVar {
			l.parameter(obj, at)
		} else if lit := l.literals[obj]; lit != nil {
			l.function(lit, lit.Body, at)
		}
	}
}

// declared looks at a function of this package that takes a context.
func (l *loopCode) declared(f *types.Func, at place) {
	if f.Pkg() != l.pass.Pkg || contextIndex(f.Signature()) < 0 {
		return
	}
	if decl := declaration(l.pass, f); decl != nil && decl.Body != nil {
		l.function(decl, decl.Body, at)
	}
}

// contextIndex returns which parameter is a context, the first or the second after a
// *testing.T, and -1 if there is none.
func contextIndex(sig *types.Signature) int {
	for i := range min(2, sig.Params().Len()) {
		if api.IsContext(sig.Params().At(i).Type()) {
			return i
		}
	}
	return -1
}

// parameter looks at the functions that a function is called with.
func (l *loopCode) parameter(v *types.Var, at place) {
	if sig, ok := v.Type().Underlying().(*types.Signature); !ok || contextIndex(sig) < 0 || l.params[v] {
		return
	}
	l.params[v] = true // where more is reported comes first
	for cur := range l.pass.Cursor().Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		f := api.Callee(l.pass.TypesInfo, call)
		if f == nil || f.Pkg() != l.pass.Pkg {
			continue
		}
		for i := range min(f.Signature().Params().Len(), len(call.Args)) {
			if f.Signature().Params().At(i) == v {
				l.value(call.Args[i], at)
			}
		}
	}
}

// functionVars returns the variables that are set once, to a function literal.
func functionVars(pass *rule.Pass) map[types.Object]*ast.FuncLit {
	set := map[types.Object]*ast.FuncLit{}
	assignments(pass, func(lhs, rhs ast.Expr) {
		obj := pass.Object(lhs)
		if obj == nil {
			return
		}
		lit, _ := ast.Unparen(rhs).(*ast.FuncLit)
		if _, known := set[obj]; known {
			lit = nil
		}
		set[obj] = lit
	})
	return set
}
