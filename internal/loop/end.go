package loop

import (
	"unsafe"

	"github.com/anyio-go/anyio/internal/coro"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
)

// reap lets a coroutine end whose task called Goexit; it does not return then.
func (l *Loop) reap() {
	if c := l.spent; c != nil {
		l.spent, l.goexit = nextOf(c), true
		c.Stop()
	}
}

// exited ends the current task if it called runtime.Goexit. Its coroutine is lost,
// but must not end here: whoever has resumed it may be a task.
//
//go:norace
func (l *Loop) exited(c *coro.Coro) {
	t := l.cur
	if t == nil || t.Strand().Coro != c {
		return
	}
	l.endTask(t)
	if coro.Pooled {
		c.Wait, l.spent = l.spent, c
		c.Yield()
	}
}

//go:norace
func (l *Loop) endTask(t *kernel.Task) {
	l.giveWay()
	t.Strand().Coro = nil
	if t == l.main {
		race.ReleaseMerge(unsafe.Pointer(t))
		l.mainDone = true
	}
}
