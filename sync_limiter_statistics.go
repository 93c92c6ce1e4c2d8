package anyio

import (
	"slices"

	"github.com/anyio-go/anyio/internal/kernel"
)

// CapacityLimiterStatistics is a snapshot of a CapacityLimiter.
type CapacityLimiterStatistics struct {
	BorrowedTokens int
	TotalTokens    int
	// Borrowers holds tokens, in the order in which they got them: the values
	// given, a TaskInfo for each task (named "goroutine 12", ID 0, if not known), and
	// "RunBlocking of …" with the task's name.
	Borrowers    []any
	TasksWaiting int
}

// Statistics returns who holds tokens and how many wait.
func (l *CapacityLimiter) Statistics() CapacityLimiterStatistics {
	type entry struct {
		key borrowerKey
		ln  loan
	}
	kernel.Touch(l, kernel.Looks)
	l.mu.Lock()
	st := CapacityLimiterStatistics{BorrowedTokens: l.borrowed, TotalTokens: l.total, TasksWaiting: l.waiters.Len()}
	held := make([]entry, 0, l.borrowed)
	for key, ln := range l.loans {
		if ln.waiter == nil {
			held = append(held, entry{key, *ln})
		}
	}
	for n := l.seats.Front(); n != nil; n = n.Next() {
		held = append(held, entry{borrowerKey{value: seatBorrower{n.Value.task}}, loan{number: n.Value.number}})
	}
	l.mu.Unlock()
	slices.SortFunc(held, func(a, b entry) int { return int(a.ln.number) - int(b.ln.number) })
	find := taskFinder{}
	for _, e := range held {
		if e.key.id != 0 {
			st.Borrowers = append(st.Borrowers, *find.on(e.key.id, e.ln.run))
		} else if s, ok := e.key.value.(seatBorrower); ok {
			st.Borrowers = append(st.Borrowers, "RunBlocking of "+s.name())
		} else {
			st.Borrowers = append(st.Borrowers, e.key.value)
		}
	}
	return st
}
