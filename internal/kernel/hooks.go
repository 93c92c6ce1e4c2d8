package kernel

// Hooks make the errors that users see. The root package, which the kernel cannot
// import, has their types.
type Hooks struct {
	Canceled func(c *Cause) error                // of a blocking call that was canceled
	Panic    func(value any, where string) error // with which a panic outside of all tasks is raised again
	Misuse   func(text string) error             // of a call that can never be right; also to panic with
}

var hooks Hooks

// Install sets the hooks. Call it once, while packages are initialized. It panics if
// there is one missing, or hooks already.
//
//go:norace
func Install(h Hooks) { hooks.install(h) }

//go:norace
func (to *Hooks) install(h Hooks) {
	if h.Canceled == nil || h.Panic == nil || h.Misuse == nil {
		panic("kernel: Install without all hooks")
	}
	if to.Canceled != nil {
		panic("kernel: Install called twice")
	}
	*to = h
}

// NewPanic is the hook Panic.
//
//go:norace
func NewPanic(value any, where string) error { return hooks.Panic(value, where) }

// Misuse is the hook of that name.
//
//go:norace
func Misuse(text string) error { return hooks.Misuse(text) }
