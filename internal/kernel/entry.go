package kernel

import "unsafe"

// Entry is the function of a goroutine that runs t, for a go statement, which it spares
// an allocation: a Task begins as the closure of that function would, with the entry
// of its code and the captured task, and so serves as one. With a closure of its own a
// task costs 16 bytes and a tenth of the time more.
//
//go:norace
func (t *Task) Entry() func() { return t.closure(runs, runsCode) }

// turnsEntry is Entry for a goroutine of the crew of t's group.
//
//go:norace
func (t *Task) turnsEntry() func() { return t.closure(turnsOf, turnsCode) }

// closure is made(t), whose code is known.
//
//go:norace
func (t *Task) closure(made func(*Task) func(), code uintptr) func() {
	if code == 0 {
		return made(t)
	}
	t.code = code
	p := unsafe.Pointer(t)
	return *(*func())(unsafe.Pointer(&p))
}

// runsCode and turnsCode are the code of the closures made by runs and turnsOf, 0 if they do
// not look as closure supposes.
var runsCode, turnsCode uintptr

//go:norace
func init() { runsCode, turnsCode = codeOf(runs), codeOf(turnsOf) }

//go:norace
func codeOf(made func(*Task) func()) uintptr {
	t := &Task{}
	t.task = t
	f := made(t)
	closure := *(**[2]uintptr)(unsafe.Pointer(&f))
	if closure[1] != uintptr(unsafe.Pointer(t)) || unsafe.Offsetof(t.Scope)+unsafe.Offsetof(t.Scope.task) != unsafe.Sizeof(closure[0]) {
		return 0
	}
	return closure[0]
}

//go:noinline
//go:norace
func runs(t *Task) func() { return func() { t.Label(); t.Run() } }

//go:noinline
//go:norace
func turnsOf(t *Task) func() { return func() { t.parent.group().takeTurns() } }
