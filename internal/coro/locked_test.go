//go:build gc && (amd64 || arm64)

package coro_test

import (
	"runtime"
	"sync"
	"testing"

	"github.com/anyio-go/anyio/internal/coro"
)

func TestLockedTellsOfTheCallingGoroutine(t *testing.T) {
	want := func(want bool, when string) {
		if got := coro.Locked(); got != want {
			t.Errorf("Locked is %t %s", got, when)
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				want(false, "at first")
				runtime.LockOSThread()
				want(true, "when locked")
				runtime.LockOSThread()
				runtime.Gosched()
				runtime.UnlockOSThread()
				want(true, "when locked twice, and unlocked once")
				runtime.UnlockOSThread()
				want(false, "when unlocked")
			}
		})
	}
	wg.Wait()
}
