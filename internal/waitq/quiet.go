//go:build !race

package waitq

// A QuietMutex is a Mutex that the race detector takes for no synchronization; see
// package quiet.
type QuietMutex = Mutex
