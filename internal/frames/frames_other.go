//go:build !amd64 || go1.27

package frames

import "runtime"

// Callers puts the return addresses of the function that calls it, of that function's
// caller, and so on into pcs, and returns how many there are.
func Callers(pcs []uintptr) int {
	const ours = 3 // runtime.Callers, Callers and the function that calls it
	return runtime.Callers(ours, pcs)
}
