//go:build !go1.27

package frames

// Callers puts the return addresses of the function that calls it, of that function's
// caller, and so on into pcs, and returns how many there are. Calls that were inlined are
// left out. The calling function must have a frame, as one has that calls it with an array
// of its own.
//
//go:noescape
func Callers(pcs []uintptr) int
