package api

import (
	"go/ast"
	"go/types"
	"strings"
)

// A Body is a function literal that is given to a function of the module and is called
// with a context of its own: the body of a scope or a group, or a task.
type Body struct {
	Lit  *ast.FuncLit
	Call *ast.CallExpr
	Name string     // of the function that is given it
	Ctx  *types.Var // its context; nil if it has no name
	At   *ast.Ident // where the context is declared, the blank one as well; may be nil
	Kind BodyKind
}

// A BodyKind tells when the literal runs.
type BodyKind int

const (
	Inline BodyKind = iota // inside the call, in a scope
	Task                   // as a task
	Main                   // as the main task of a run
)

// BodyOf returns the body that arg, an argument of call, is.
func BodyOf(info *types.Info, call *ast.CallExpr, arg ast.Expr) (Body, bool) {
	lit, ok := ast.Unparen(arg).(*ast.FuncLit)
	if !ok {
		return Body{}, false
	}
	name := Called(info, call)
	sig, _ := info.TypeOf(lit).(*types.Signature)
	if name == "" || sig == nil {
		return Body{}, false
	}
	at := contextParam(sig)
	if at < 0 {
		return Body{}, false
	}
	b := Body{Lit: lit, Call: call, Name: name, Kind: kindOf(name), At: ParamIdent(lit.Type, at)}
	if b.At != nil && b.At.Name != "_" {
		b.Ctx, _ = info.Defs[b.At].(*types.Var)
	}
	return b, true
}

// Bodies returns those among the arguments of a call.
func Bodies(info *types.Info, call *ast.CallExpr) []Body {
	var all []Body
	for _, arg := range call.Args {
		if b, ok := BodyOf(info, call, arg); ok {
			all = append(all, b)
		}
	}
	return all
}

// contextParam returns which parameter is the context: the first, or the second after
// a *testing.T. It returns -1 if there is none.
func contextParam(sig *types.Signature) int {
	for i := range min(2, sig.Params().Len()) {
		if IsContext(sig.Params().At(i).Type()) {
			return i
		}
	}
	return -1
}

// ParamIdent returns the identifier of the parameter with that index, or nil.
func ParamIdent(t *ast.FuncType, index int) *ast.Ident {
	for _, field := range t.Params.List {
		if len(field.Names) == 0 {
			return nil
		}
		if index < len(field.Names) {
			return field.Names[index]
		}
		index -= len(field.Names)
	}
	return nil
}

// kindOf goes by the names, which packages asyncio and anyioutils share with anyio.
func kindOf(name string) BodyKind {
	method := Method(name)
	switch method {
	case "Shielded", "Do", "DoRead":
		return Inline
	case "Run", "RunValue":
		return Main
	}
	for _, scope := range []string{"With", "MoveOn", "FailA"} {
		if strings.HasPrefix(method, scope) {
			return Inline
		}
	}
	if strings.HasPrefix(name, "anyiotest.") || strings.HasPrefix(name, "sim.") {
		return Main
	}
	return Task
}
