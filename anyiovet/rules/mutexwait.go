package rules

import (
	"go/ast"
	"strings"

	"golang.org/x/tools/go/analysis/passes/ctrlflow"
	"golang.org/x/tools/go/ast/inspector"
	"golang.org/x/tools/go/cfg"

	"github.com/anyio-go/anyio/anyiovet/internal/api"
	"github.com/anyio-go/anyio/anyiovet/internal/rule"
)

// MutexWait reports mutexes of package sync that are locked while a task waits.
var MutexWait = rule.New("mutexwait", `find blocking calls under a sync.Mutex

While a task waits, others run. One of them that wants the sync.Mutex, or the RWMutex, that
the task has locked holds up its whole loop, and with it, if it is the same loop, the task
that would unlock: a deadlock. On goroutines it cannot be canceled. Unlock first, or use an
anyio.Lock or an anyio.RWLock.

Looked at are functions that lock and unlock. Unlocking in other functions, or if
something is so that was so when it was locked, is not followed.`,
	mutexWait, ctrlflow.Analyzer)

// unlocks tells how what a method locks is unlocked.
var unlocks = map[string]string{
	"(*sync.Mutex).Lock":    "Unlock",
	"(*sync.RWMutex).Lock":  "Unlock",
	"(*sync.RWMutex).RLock": "RUnlock",
}

func mutexWait(pass *rule.Pass) {
	reported := map[*ast.CallExpr]bool{}
	for cur := range pass.Cursor().Preorder((*ast.CallExpr)(nil)) {
		call := cur.Node().(*ast.CallExpr)
		unlock := unlocks[api.Func(api.Callee(pass.TypesInfo, call))]
		sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if _, alone := cur.Parent().Node().(*ast.ExprStmt); unlock == "" || !ok || !alone {
			continue
		}
		root, fields := path(pass, sel.X)
		g, f := graph(pass, cur)
		if root == nil || g == nil {
			continue
		}
		fn, _ := pass.Cursor().FindNode(f)
		is := callOn(pass, root, fields, unlock)
		if !releasedPlainly(fn, call, is) || unlockIsHandedOn(fn, unlock) {
			continue
		}
		h := held{pass: pass, seen: map[*cfg.Block]bool{}}
		if wait := h.from(g, call); wait != nil && !reported[wait] {
			reported[wait] = true
			pass.Reportf(wait.Pos(), "%s waits while %s is locked, in line %d: who wants it holds up the loop; use an anyio.Lock, or unlock first",
				source(pass, wait.Fun), source(pass, sel.X), pass.Fset.Position(call.Pos()).Line)
		}
	}
}

// unlockIsHandedOn reports whether a function uses Unlock as a value.
func unlockIsHandedOn(fn inspector.Cursor, unlock string) bool {
	for c := range fn.Preorder((*ast.SelectorExpr)(nil)) {
		sel := c.Node().(*ast.SelectorExpr)
		call, ok := c.Parent().Node().(*ast.CallExpr)
		if sel.Sel.Name == unlock && (!ok || call.Fun != sel) {
			return true
		}
	}
	return false
}

// held goes along the ways on which a mutex is locked.
type held struct {
	pass *rule.Pass
	seen map[*cfg.Block]bool
}

// from returns a call that waits after a call of Lock and before one of Unlock, or nil.
func (h held) from(g *cfg.CFG, lock *ast.CallExpr) *ast.CallExpr {
	for _, block := range g.Blocks {
		for i, n := range block.Nodes {
			if rule.Inside(lock, n) {
				return h.along(block, i+1)
			}
		}
	}
	return nil
}

func (h held) along(block *cfg.Block, i int) *ast.CallExpr {
	for _, n := range block.Nodes[i:] {
		wait, unlocked := h.look(n)
		if unlocked {
			return nil
		}
		if wait != nil {
			return wait
		}
	}
	for _, b := range block.Succs {
		if h.seen[b] {
			continue
		}
		h.seen[b] = true
		if wait := h.along(b, 0); wait != nil {
			return wait
		}
	}
	return nil
}

// look returns a call in a node that waits, and whether one may have unlocked. The body of
// a scope is a part of its call.
func (h held) look(n ast.Node) (wait *ast.CallExpr, unlocked bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.DeferStmt, *ast.GoStmt:
			return false
		case *ast.CallExpr:
			if name := strings.ToLower(source(h.pass, n.Fun)); strings.HasSuffix(name, "unlock") {
				unlocked = true
			}
			if wait == nil && h.waits(n) {
				wait = n
			}
			for _, b := range api.Bodies(h.pass.TypesInfo, n) {
				if b.Kind == api.Inline {
					w, u := h.look(b.Lit.Body)
					unlocked = unlocked || u
					if wait == nil {
						wait = w
					}
				}
			}
		}
		return true
	})
	return wait, unlocked
}

// waits reports whether a call gives way to other tasks, whatever it is given.
func (h held) waits(call *ast.CallExpr) bool {
	f := api.Callee(h.pass.TypesInfo, call)
	if !api.Blocks(f) || releases(f) || len(call.Args) == 0 {
		return false
	}
	if ctx := h.pass.Var(call.Args[0]); ctx == nil || !api.IsContext(ctx.Type()) {
		return false // perhaps not in a task
	}
	name := api.Name(f)
	pkg, _, _ := strings.Cut(name, ".")
	switch pkg {
	case "lowlevel":
		return name == "lowlevel.Checkpoint"
	case "sim", "anyiotest", "portal":
		return false
	}
	switch method := api.Method(name); method {
	case "Run", "RunValue", "CreateTask", "Shielded":
		return false
	default:
		for _, scope := range []string{"With", "MoveOn", "FailA"} { // it is up to the body
			if strings.HasPrefix(method, scope) {
				return false
			}
		}
	}
	return true
}
