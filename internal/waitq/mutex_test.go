package waitq_test

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/anyio-go/anyio/internal/waitq"
)

// What is written under the lock is seen by whoever takes it next, also where
// releasing it is a plain store.
func TestMutexExcludesAndPublishes(t *testing.T) {
	const workers, rounds = 8, 20_000
	var mu waitq.Mutex
	var a, b, inside int
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range rounds {
				mu.Lock()
				inside++
				if i%16 == 0 { // others come, and have to wait
					runtime.Gosched()
				}
				if inside != 1 || a != b {
					t.Errorf("inside %d, a %d, b %d", inside, a, b)
				}
				a++
				b++
				inside--
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if a != workers*rounds || b != a {
		t.Errorf("counted %d and %d, want %d", a, b, workers*rounds)
	}
}

// In a bubble of synctest who waits for a lock that is held outside of it does not sleep, as
// that would move the clock.
func TestWaitForAMutexTakesNoTimeInABubble(t *testing.T) {
	var mu waitq.Mutex
	mu.Lock()
	waits := make(chan struct{})
	go func() {
		<-waits
		for range 20_000 { // far more than anybody who sleeps would give way before
			runtime.Gosched()
		}
		mu.Unlock()
	}()
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		close(waits)
		mu.Lock()
		defer mu.Unlock()
		if d := time.Since(begin); d != 0 {
			t.Errorf("the clock has moved by %v", d)
		}
	})
}
