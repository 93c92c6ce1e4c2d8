package kernel_test

import (
	"math/rand/v2"
	"testing"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A numbered callee tells that it is called.
type numbered struct {
	n    int
	told *[]int
}

func (c numbered) Called() { *c.told = append(*c.told, c.n) }

// A queue that grows, shrinks and goes round keeps the order of its calls.
func TestCallQueueIsFIFO(t *testing.T) {
	var q kernel.CallQueue
	var told []int
	pushed := 0
	most := 50_000
	if testing.Short() {
		most = 20_000
	}
	for _, size := range []int{1, 15, 16, 17, 0, 1000, 10, most, 0, 3} {
		for q.Len() > size {
			c := q.Pop()
			c.Make()
		}
		for q.Len() < size {
			q.Push(kernel.NewCall(numbered{pushed, &told}), 0)
			pushed++
			if rand.IntN(3) == 0 {
				c := q.Pop()
				c.Make()
			}
		}
	}
	if len(told)+q.Len() != pushed {
		t.Errorf("%d calls made and %d left of %d", len(told), q.Len(), pushed)
	}
	for i, n := range told {
		if n != i {
			t.Fatalf("call %d was of %d", i, n)
		}
	}
}

// The first call is due when so many tasks have run as were ready before it.
func TestCallQueueTellsWhenTheFirstIsDue(t *testing.T) {
	var q kernel.CallQueue
	var told []int
	q.Push(kernel.NewCall(numbered{0, &told}), 3)
	q.Push(kernel.NewCall(numbered{1, &told}), 5)
	due := func(tasks uint64, want bool) {
		if got := q.Due(tasks); got != want {
			t.Errorf("%d calls left, after %d tasks: due is %v", q.Len(), tasks, got)
		}
	}
	due(2, false)
	due(3, true)
	q.Pop()
	due(3, false)
	due(6, true)
	q.Pop()
	due(7, false)
}
