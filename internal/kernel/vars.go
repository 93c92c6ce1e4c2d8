package kernel

import (
	"sync"
	"unsafe"

	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// A Var is a variable of a run. Its lock is a true one: who reads a value may see
// what was done before it was set. Two variables have nothing to do with each other.
type Var struct {
	sync.Mutex // guards what follows
	Value      any
	Has        bool
}

type vars struct {
	mu    quiet.Mutex
	byKey map[any]*Var // guarded by mu
}

// Var is the run's variable with that key. It is made at first need.
//
//go:norace
func (r *Run) Var(key any) *Var { return r.vars.find(key, true) }

// FindVar is Var that makes none; it returns nil in place of one.
//
//go:norace
func (r *Run) FindVar(key any) *Var { return r.vars.find(key, false) }

//go:norace
func newVar() *Var { return &Var{} }

//go:norace
func (vs *vars) find(key any, add bool) (v *Var) {
	vs.mu.Lock()
	defer vs.mu.Unlock()
	race.Apart(unsafe.Pointer(vs), func() { // the runtime tells the detector of the use of a map
		if v = vs.byKey[key]; v != nil || !add {
			return
		}
		if vs.byKey == nil {
			vs.byKey = make(map[any]*Var)
		}
		v = newVar()
		vs.byKey[key] = v
	})
	return v
}
