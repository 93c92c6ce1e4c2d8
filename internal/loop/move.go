package loop

import "github.com/anyio-go/anyio/internal/kernel"

// Move lets the current task go on on another goroutine, which then parks and is
// resumed in its place: a switch of coroutines does not ask who does it.
//
//go:norace
func (l *Loop) Move(t *kernel.Task, goroutine int64) {
	t.Strand().Coro.SetGoid(goroutine)
	l.current.Store(goroutine)
}

// Stepping may be asked by any goroutine. It is exact where the loop stands still.
//
//go:norace
func (l *Loop) Stepping() int64 {
	if l.cur == nil && !l.calls.running {
		return 0
	}
	return l.current.Load()
}
