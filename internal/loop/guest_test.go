package loop

import (
	"runtime"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
)

// on runs f on a goroutine of its own, which is locked to a thread or not.
func on(locked bool, f func()) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if locked {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
		}
		f()
	}()
	<-ended
}

// The runtime would end the program if a coroutine were resumed on another thread.
func TestGuestRefusesCallersOnWrongThreads(t *testing.T) {
	installHooks()
	for _, c := range []struct{ first, second, refused bool }{
		{false, false, false}, {false, true, true}, {true, false, true}, {true, true, true},
	} {
		var who caller
		check := func() (refused bool) {
			defer func() { _, refused = recover().(misuse) }()
			who.check()
			return false
		}
		on(c.first, func() {
			for range 2 {
				if check() || who.locked != c.first {
					t.Errorf("%v: the first one is refused, or not seen to be locked", c)
				}
			}
		})
		on(c.second, func() {
			if check() != c.refused {
				t.Errorf("%v: refused %t", c, !c.refused)
			}
		})
	}
}

var installHooks = sync.OnceFunc(func() {
	kernel.Install(kernel.Hooks{
		Canceled: func(*kernel.Cause) error { return nil },
		Panic:    func(any, string) error { return nil },
		Misuse:   func(text string) error { return misuse(text) },
	})
})

type misuse string

func (m misuse) Error() string { return string(m) }
