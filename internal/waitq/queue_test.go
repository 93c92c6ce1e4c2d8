package waitq_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/anyio-go/anyio/internal/waitq"
)

// check compares a queue with what should be in it, from both ends.
func check(t *testing.T, q *waitq.Queue[int], want []*waitq.Node[int]) {
	t.Helper()
	if q.Len() != len(want) {
		t.Fatalf("Len is %d, want %d", q.Len(), len(want))
	}
	var got []*waitq.Node[int]
	for n := q.Front(); n != nil && len(got) <= len(want); n = n.Next() {
		got = append(got, n)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("the queue has %d nodes, or others than the %d that it should", len(got), len(want))
	}
	for _, n := range want {
		if !n.Queued() {
			t.Fatalf("node %d is in the queue and says no", n.Value)
		}
	}
}

// A queue is first in, first out, whoever is taken out in between.
func TestQueueIsASliceWithoutCopies(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 0))
		var q waitq.Queue[int]
		nodes := make([]waitq.Node[int], 6)
		for i := range nodes {
			nodes[i].Value = i
		}
		var in []*waitq.Node[int]
		for range 200 {
			n := &nodes[r.IntN(len(nodes))]
			at := slices.Index(in, n)
			switch {
			case at < 0 && r.IntN(4) > 0:
				if n.Queued() || n.Next() != nil {
					t.Fatalf("node %d is out and says no", n.Value)
				}
				q.Push(n)
				in = append(in, n)
			case r.IntN(3) == 0:
				first := q.Pop()
				if len(in) == 0 {
					if first != nil {
						t.Fatalf("%d out of an empty queue", first.Value)
					}
					continue
				}
				if first != in[0] {
					t.Fatalf("Pop: %v, want %d", first, in[0].Value)
				}
				in = in[1:]
			default:
				if removed := q.Remove(n); removed != (at >= 0) {
					t.Fatalf("Remove: %t of a node at %d", removed, at)
				}
				if at >= 0 {
					in = slices.Delete(slices.Clone(in), at, at+1)
				}
			}
			check(t, &q, in)
		}
	}
}
