package rules

import (
	"go/ast"
	"go/token"
	"go/types"

	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"

	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// A debt is what a function owes after one of its nodes, on every way to a return.
type debt struct {
	from ast.Node                          // after it
	paid func(n ast.Node) bool             // by that node
	free func(cond ast.Expr) (is, ok bool) // there is no debt where cond is that
}

// graph returns the control flow of the innermost function around a node, and the
// function.
func graph(pass *rule.Pass, cur inspector.Cursor) (*cfg.CFG, ast.Node) {
	cfgs := pass.ResultOf[ctrlflow.Analyzer].(*ctrlflow.CFGs)
	switch f := around(cur).(type) {
	case *ast.FuncDecl:
		return cfgs.FuncDecl(f), f
	case *ast.FuncLit:
		return cfgs.FuncLit(f), f
	}
	return nil, nil
}

// around returns the innermost function around a node, or nil.
func around(cur inspector.Cursor) ast.Node {
	for f := range cur.Enclosing((*ast.FuncDecl)(nil), (*ast.FuncLit)(nil)) {
		return f.Node()
	}
	return nil
}

// unpaid returns a return statement that the function comes to in debt, or nil.
func (d debt) unpaid(g *cfg.CFG) *ast.ReturnStmt {
	for _, block := range g.Blocks {
		for i, n := range block.Nodes {
			if n.Pos() <= d.from.Pos() && d.from.End() <= n.End() {
				return d.along(block, i+1, map[*cfg.Block]bool{})
			}
		}
	}
	return nil
}

// condition returns the condition at the end of a block, nil if there is none.
func condition(block *cfg.Block) ast.Expr {
	if len(block.Nodes) == 0 || len(block.Succs) != 2 {
		return nil
	}
	cond, _ := block.Nodes[len(block.Nodes)-1].(ast.Expr)
	return cond
}

func (d debt) along(block *cfg.Block, i int, seen map[*cfg.Block]bool) *ast.ReturnStmt {
	for _, n := range block.Nodes[i:] {
		if d.paid(n) {
			return nil
		}
		if ret, ok := n.(*ast.ReturnStmt); ok {
			return ret
		}
	}
	return d.after(block, seen)
}

func (d debt) after(block *cfg.Block, seen map[*cfg.Block]bool) *ast.ReturnStmt {
	next := block.Succs
	if cond := condition(block); cond != nil {
		switch is, ok := d.free(cond); {
		case ok && is:
			next = next[1:]
		case ok:
			next = next[:1]
		}
	}
	for _, b := range next {
		if seen[b] {
			continue
		}
		seen[b] = true
		if ret := d.along(b, 0, seen); ret != nil {
			return ret
		}
	}
	return nil
}

// never is a debt that no condition cancels.
func never(ast.Expr) (is, ok bool) { return false, false }

// comparesNil returns the other side of a comparison with nil.
func comparesNil(pass *rule.Pass, cond ast.Expr) (x ast.Expr, equal, ok bool) {
	b, _ := ast.Unparen(cond).(*ast.BinaryExpr)
	if b == nil || b.Op != token.EQL && b.Op != token.NEQ {
		return nil, false, false
	}
	x = b.X
	if pass.TypesInfo.Types[x].IsNil() {
		x = b.Y
	} else if !pass.TypesInfo.Types[b.Y].IsNil() {
		return nil, false, false
	}
	return ast.Unparen(x), b.Op == token.EQL, true
}

// path returns what an expression of variables and their fields denotes, as a text that
// is the same for the same variable. It is "" for other expressions.
func path(pass *rule.Pass, e ast.Expr) (root types.Object, fields string) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if v, ok := pass.TypesInfo.ObjectOf(e).(*types.Var); ok {
			return v, "."
		}
	case *ast.SelectorExpr:
		root, fields = path(pass, e.X)
		if root == nil {
			if v, ok := pass.TypesInfo.ObjectOf(e.Sel).(*types.Var); ok && !v.IsField() {
				return v, "." // of another package
			}
			return nil, ""
		}
		return root, fields + e.Sel.Name + "."
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return path(pass, e.X)
		}
	case *ast.StarExpr:
		return path(pass, e.X)
	}
	return nil, ""
}

// callOn returns what tells the calls of a method on what root and fields denote.
func callOn(pass *rule.Pass, root types.Object, fields, method string) func(n ast.Node) bool {
	return func(n ast.Node) bool {
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return false
		}
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !ok || sel.Sel.Name != method {
			return false
		}
		r, fs := path(pass, sel.X)
		return r == root && fs == fields
	}
}

// assignments calls f with what a package assigns to, and with what: the call of a
// function for each of its several results.
func assignments(pass *rule.Pass, f func(lhs, rhs ast.Expr)) {
	each := func(lhs, rhs []ast.Expr) {
		for i, e := range lhs {
			switch len(rhs) {
			case len(lhs):
				f(e, rhs[i])
			case 1:
				f(e, rhs[0])
			}
		}
	}
	for cur := range pass.Cursor().Preorder((*ast.AssignStmt)(nil), (*ast.ValueSpec)(nil)) {
		switch n := cur.Node().(type) {
		case *ast.AssignStmt:
			each(n.Lhs, n.Rhs)
		case *ast.ValueSpec:
			names := make([]ast.Expr, len(n.Names))
			for i, id := range n.Names {
				names[i] = id
			}
			each(names, n.Values)
		}
	}
}
