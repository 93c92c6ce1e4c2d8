package rules

import (
	"go/ast"
	"go/format"
	"go/token"
	"go/types"
	"strconv"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/ast/inspector"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// ErrCmp reports errors that are compared by ==.
var ErrCmp = rule.New("errcmp", `find errors that are compared by == where errors.Is is needed

Errors of blocking calls say more than a sentinel: which scope was canceled, what broke.
They match the sentinels of package anyio, and of io, context and os, by errors.Is, and
hardly ever by ==.`,
	errCmp)

func errCmp(pass *rule.Pass) {
	from := errorSources(pass)
	for cur := range pass.Cursor().Preorder((*ast.BinaryExpr)(nil), (*ast.SwitchStmt)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.BinaryExpr:
			if n.Op != token.EQL && n.Op != token.NEQ {
				continue
			}
			x, sentinel := n.X, n.Y
			if !isSentinel(pass, sentinel) {
				x, sentinel = n.Y, n.X
			}
			if mustMatch(pass, from, x, sentinel) {
				pass.Report(analysis.Diagnostic{
					Pos: n.Pos(), End: n.End(),
					Message:        "an error is compared by " + n.Op.String() + " with " + source(pass, sentinel) + ": use errors.Is",
					SuggestedFixes: errorsIs(pass, cur, n.Op == token.NEQ, x, sentinel),
				})
			}
		case *ast.SwitchStmt:
			if n.Tag == nil {
				continue
			}
			for _, clause := range n.Body.List {
				for _, e := range clause.(*ast.CaseClause).List {
					if mustMatch(pass, from, n.Tag, e) {
						pass.Reportf(e.Pos(), "an error is compared with %s by a switch: use errors.Is", source(pass, e))
					}
				}
			}
		}
	}
}

// mustMatch reports whether x has to be matched with a sentinel by errors.Is: errors
// with more in them than the sentinel match it, or x comes from a scope or a group.
func mustMatch(pass *rule.Pass, from map[*types.Var]origin, x, sentinel ast.Expr) bool {
	if !isSentinel(pass, sentinel) || isSentinel(pass, x) || !api.IsError(pass.TypesInfo.TypeOf(x)) {
		return false
	}
	by := from[pass.Var(x)]
	obj := pass.Object(sentinel)
	switch name := api.Name(obj); {
	case by == parameterOfIs:
		return false
	case richer[name]:
		return true
	case name != "":
		return by == group
	case obj.Pkg().Path() == "context":
		return by == call || by == group
	}
	return by == group
}

// richer are the sentinels that errors with more in them match.
var richer = map[string]bool{
	"anyio.ErrBroken": true, "anyio.ErrBusy": true, "anyio.ErrCanceled": true, "anyio.ErrTimeout": true,
	"anyio.ErrTaskCanceled": true, "stream.ErrConnect": true,
}

// An origin is what has set an error variable.
type origin int

const (
	unknown       origin = iota
	call                 // blocking calls of the module only
	group                // such calls only that run functions, whose errors they join or wrap
	parameterOfIs        // it is the target of a method Is
)

// isSentinel reports whether an expression names an error that a package has.
func isSentinel(pass *rule.Pass, e ast.Expr) bool {
	v, ok := pass.Object(e).(*types.Var)
	return ok && v.Kind() == types.PackageVar && v.Exported() && api.IsError(v.Type())
}

// errorSources returns what sets the error variables of a package.
func errorSources(pass *rule.Pass) map[*types.Var]origin {
	from := map[*types.Var]origin{}
	set := func(e, by ast.Expr) {
		v := pass.Var(e)
		if v == nil || v.Kind() != types.LocalVar || !api.IsError(v.Type()) {
			return
		}
		o := originOf(pass, by)
		if was, known := from[v]; known && was != o {
			o = min(o, was)
		}
		from[v] = o
	}
	for cur := range pass.Cursor().Preorder((*ast.FuncDecl)(nil)) {
		f := cur.Node().(*ast.FuncDecl)
		if f.Recv == nil || f.Name.Name != "Is" {
			continue
		}
		if id := api.ParamIdent(f.Type, 0); id != nil {
			if v, ok := pass.TypesInfo.Defs[id].(*types.Var); ok {
				from[v] = parameterOfIs
			}
		}
	}
	assignments(pass, set)
	for cur := range pass.Cursor().Preorder((*ast.UnaryExpr)(nil), (*ast.RangeStmt)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.UnaryExpr: // its address is taken
			if n.Op == token.AND {
				set(n.X, nil)
			}
		case *ast.RangeStmt:
			if n.Value != nil {
				set(n.Value, nil)
			}
		}
	}
	return from
}

// originOf returns what the value of an expression says of an error that it sets.
func originOf(pass *rule.Pass, e ast.Expr) origin {
	c, ok := ast.Unparen(e).(*ast.CallExpr)
	if !ok {
		return unknown
	}
	f := api.Callee(pass.TypesInfo, c)
	if !api.Blocks(f) {
		return unknown
	}
	switch api.Name(f) {
	case "anyio.WithTaskGroup", "anyio.Map", "anyio.MapAll", "anyio.Gather",
		"anyio.GatherAll", "anyio.Gather2", "anyio.Join", "anyio.Race", "anyio.ForEach", "anyio.ForEach2", "anyio.ForEachAll":
		return group
	}
	if f.Name() == "Run" || len(api.Bodies(pass.TypesInfo, c)) > 0 {
		return unknown // what the function returns
	}
	return call
}

func source(pass *rule.Pass, e ast.Expr) string {
	var b strings.Builder
	if err := format.Node(&b, pass.Fset, e); err != nil {
		return "it"
	}
	return b.String()
}

// errorsIs is the fix, with the import that it needs.
func errorsIs(pass *rule.Pass, cur inspector.Cursor, not bool, x, sentinel ast.Expr) []analysis.SuggestedFix {
	n := cur.Node()
	var file *ast.File
	for _, f := range pass.Files {
		if f.FileStart <= n.Pos() && n.Pos() < f.FileEnd {
			file = f
		}
	}
	name, edits := importErrors(file)
	if _, obj := pass.Pkg.Scope().Innermost(n.Pos()).LookupParent(name, n.Pos()); obj != nil {
		if _, ok := obj.(*types.PkgName); !ok {
			return nil // errors is something else here
		}
	}
	text := name + ".Is(" + source(pass, x) + ", " + source(pass, sentinel) + ")"
	if not {
		text = "!" + text
	}
	fix := rule.Replace("Use errors.Is", n, text)
	fix.TextEdits = append(fix.TextEdits, edits...)
	return []analysis.SuggestedFix{fix}
}

// importErrors returns what package errors is called in a file, and the edit that
// imports it if it is not there.
func importErrors(file *ast.File) (name string, edits []analysis.TextEdit) {
	for _, spec := range file.Imports {
		if path, _ := strconv.Unquote(spec.Path.Value); path != "errors" {
			continue
		}
		if spec.Name == nil {
			return "errors", nil
		}
		return spec.Name.Name, nil
	}
	first := file.Decls[0].(*ast.GenDecl) // there is one: what the sentinel is of
	if !first.Lparen.IsValid() || len(first.Specs) == 0 {
		return "errors", []analysis.TextEdit{rule.Edit(first.End(), first.End(), "\n"+`import "errors"`)}
	}
	at := first.Specs[0].Pos()
	return "errors", []analysis.TextEdit{rule.Edit(at, at, `"errors"`+"\n\t")}
}
