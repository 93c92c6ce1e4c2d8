package waitq_test

import (
	"sync"
	"testing"

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
			for range rounds {
				mu.Lock()
				inside++
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
