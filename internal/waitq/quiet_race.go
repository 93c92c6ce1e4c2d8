//go:build race

package waitq

import "github.com/anyio-go/anyio/internal/race"

// A QuietMutex is a Mutex that the race detector takes for no synchronization; see
// package quiet.
type QuietMutex struct{ m Mutex }

// Lock acquires the mutex.
func (m *QuietMutex) Lock() {
	race.Disable()
	m.m.Lock()
	race.Enable()
}

// Unlock releases the mutex.
func (m *QuietMutex) Unlock() {
	race.Disable()
	m.m.Unlock()
	race.Enable()
}
