package anyio

// SetCrash replaces what happens when a panic's grace has passed, and returns
// the function that undoes it.
func SetCrash(f func(*PanicError)) (undo func()) {
	old := crash
	crash = f
	return func() { crash = old }
}
