package kernel

import (
	"sync"
	"unsafe"

	"github.com/anyio-go/anyio/internal/goid"
	"github.com/anyio-go/anyio/internal/quiet"
	"github.com/anyio-go/anyio/internal/race"
)

// A Var is a variable of a run. Its lock is a true one: who reads a value may see
// what was done before it was set. Two variables have nothing to do with each other.
type Var struct {
	mu    sync.Mutex  // guards what follows
	maker quiet.Int64 // the goroutine that calls a user's function under mu, or 0
	Value any
	Has   bool
}

// Lock locks the variable. It panics if the calling goroutine is in Make.
//
//go:norace
func (v *Var) Lock() {
	if v.maker.Load() == goid.Get() {
		panic(Misuse("the function given to RunVar.GetOrSet uses the variable that it makes, and would wait for itself"))
	}
	v.mu.Lock()
}

// Unlock undoes Lock.
//
//go:norace
func (v *Var) Unlock() { v.mu.Unlock() }

// Make calls a user's function while the variable is locked.
//
//go:norace
func (v *Var) Make(f func()) {
	v.maker.Store(goid.Get())
	defer v.maker.Store(0)
	Unpreempted(f)
}

type vars struct {
	mu    quiet.Mutex
	byKey map[any]*Var // guarded by mu
}

// Var is the run's variable with that key. It is made at first need.
//
//go:norace
func (r *Run) Var(key any) *Var { return r.Whole().vars.find(key, true) }

// FindVar is Var that makes none; it returns nil in place of one.
//
//go:norace
func (r *Run) FindVar(key any) *Var { return r.Whole().vars.find(key, false) }

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
