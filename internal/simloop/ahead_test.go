package simloop

import (
	"testing"

	"github.com/anyio-go/anyio/internal/fetch"
	"github.com/anyio-go/anyio/internal/kernel"
)

// queueOf is a queue of n tasks, and these.
func queueOf(n int) (*seeded, []*kernel.Task) {
	q, tasks := &seeded{}, make([]*kernel.Task, n)
	q.rng.seed(7)
	for i := range tasks {
		tasks[i] = &kernel.Task{}
		q.Push(tasks[i])
	}
	return q, tasks
}

// The guess of who is next is right as a rule, whether the queue keeps its length, as that of
// tasks that give way to each other, or is emptied, as after timers of one time. It
// changes neither who is drawn nor the numbers of the seed.
func TestNextTasksAreGuessed(t *testing.T) {
	if !fetch.Helps {
		t.Skip("nothing is fetched here")
	}
	for name, back := range map[string]bool{"keeps its length": true, "is emptied": false} {
		const steps = 500
		q, _ := queueOf(steps + 2*lookFrom)
		right := 0
		var fetched *kernel.Task // all that it needs, at the last draw
		for range steps {
			near, state := q.ahead.near, q.rng
			next := q.Pop()
			state.next()
			if q.rng != state {
				t.Fatalf("%s: a guess has drawn from the seed", name)
			}
			if next == fetched {
				right++
			}
			fetched = near
			if back {
				q.Push(next)
			}
		}
		if right < steps*9/10 {
			t.Errorf("%s: %d of %d guesses were right", name, right, steps)
		}
	}
}

// A queue that has become short keeps no task alive by a guess.
func TestGuessesAreDropped(t *testing.T) {
	q, _ := queueOf(lookFrom + 50)
	guessed := false
	for q.Len() > 0 {
		q.Pop()
		guessed = guessed || q.ahead.far != nil
	}
	if fetch.Helps && !guessed {
		t.Error("no task was guessed")
	}
	if q.ahead.near != nil || q.ahead.far != nil {
		t.Error("a guess is left")
	}
}
