package anyio

import (
	"context"
	"math/bits"
	"reflect"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Case is one of the things that Select waits for. Make it with OnReceive, OnSend,
// OnEvent, OnFuture, OnTask, OnTimer, OnDeadline or OnTick, or for a queue of your own
// with the method Case of a lowlevel.ParkingLot. A Case may be used again, in one Select
// at a time, which saves its allocation; copies of it are the same case. The zero Case is
// never ready.
type Case struct{ c kernel.Case }

// newCase is how the other packages of this module make a Case.
func newCase(c kernel.Case) Case { return Case{c} }

// Select waits until one of the cases can go on, does that one, and returns its
// index and error. Of several that are ready one is chosen at random, each with
// the same chance; the simulator's seed decides, or a sim.Explorer tries each. A
// stream that is closed is ready, too: its case returns ErrEndOfStream, ErrBroken
// or ErrClosed.
//
// Select replaces the select statement for everything that channels do not do,
// and works between tasks, goroutines and backends; two Selects may face each
// other on an unbuffered stream. Without cases it waits to be canceled.
//
// Cancellation: the index is -1, nothing was received and nothing sent.
func Select(ctx context.Context, cases ...Case) (index int, err error) {
	p, err := kernel.Enter(ctx)
	if err != nil {
		return -1, err
	}
	begin(p, cases)
	if i, done, err := tryCases(p.Run(), cases); done {
		kernel.PreemptEnd()
		return i, err
	}
	w := kernel.GetWaiter()
	defer kernel.PutWaiter(w)
	for {
		w.Prepare(p, kernel.OpSelect)
		queued, ready := enqueueCases(p, cases, w)
		if ready && w.Restart() {
			// Nobody has chosen us, and nobody can any more: look again.
			for _, c := range cases[:queued] {
				dequeue(c)
			}
			if i, done, err := tryCases(p.Run(), cases); done {
				kernel.PreemptEnd()
				return i, err
			}
			continue
		}
		return finishCases(cases[:queued], w, w.Wait(p))
	}
}

// TrySelect is like Select but never waits: ok is false if no case is ready, as in a
// select statement with a default. It needs no context and is not a checkpoint.
func TrySelect(cases ...Case) (index int, ok bool, err error) {
	p := kernel.Place{}
	kernel.Preempt()
	begin(p, cases)
	index, ok, err = tryCases(p.Run(), cases)
	kernel.PreemptEnd()
	return index, ok, err
}

// begin begins all cases, each of which may be there once.
func begin(p kernel.Place, cases []Case) {
	if len(cases) > fewCases {
		wantDistinct(cases)
	}
	for i, c := range cases {
		if c.c == nil {
			continue
		}
		if len(cases) <= fewCases {
			for _, other := range cases[:i] {
				if c == other {
					panic(errSameCase)
				}
			}
		}
		c.c.Begin(p)
	}
}

// fewCases are compared with each other; more are looked up in a table, which is faster
// from about here on.
const fewCases = 12

var errSameCase = misuse("select: the same Case was given twice: make one for each place")

// wantDistinct panics if a case, all of which are pointers, is there twice.
//
//go:noinline
func wantDistinct(cases []Case) {
	var few [256]uintptr
	table := few[:] // twice as many places as cases, a power of two
	if need := 2 * len(cases); need > len(table) {
		table = make([]uintptr, 1<<bits.Len(uint(need-1)))
	}
	shift := bits.LeadingZeros(uint(len(table) - 1))
	for _, c := range cases {
		if c.c == nil {
			continue
		}
		const scatter = ^uint(0)/1000*618 | 1 // the golden ratio, as Fibonacci hashing wants it
		address := reflect.ValueOf(c.c).Pointer()
		at := uint(address) * scatter >> shift
		for ; table[at] != 0; at = (at + 1) % uint(len(table)) {
			if table[at] == address {
				panic(errSameCase)
			}
		}
		table[at] = address
	}
}

// tryCases does one of the cases that are ready.
func tryCases(r *kernel.Run, cases []Case) (index int, ok bool, err error) {
	index, ok, err = tryAny(r, cases)
	if ok && r.Took != nil && len(cases) > 1 {
		r.Took(index)
	}
	return index, ok, err
}

// tryAny does the first case that is ready, in random order.
func tryAny(r *kernel.Run, cases []Case) (index int, ok bool, err error) {
	if r.Drawer != nil {
		return tryDrawn(r.Drawer, cases)
	}
	var few [16]uint32
	order := few[:]
	if len(cases) > len(few) {
		order = make([]uint32, len(cases))
	}
	for i := range cases {
		order[i] = uint32(i)
	}
	for n := len(cases); n > 0; n-- {
		k := 0
		if n > 1 {
			k = r.Rand(n)
		}
		i := int(order[k])
		order[k] = order[n-1]
		if c := cases[i].c; c != nil {
			if done, err := c.Try(); done {
				return i, true, err
			}
		}
	}
	return -1, false, nil
}

// tryDrawn does the case that is drawn of those that are ready. If it is not any more, as
// what is outside of the run may have been faster, another one is drawn.
func tryDrawn(d kernel.Drawer, cases []Case) (index int, ok bool, err error) {
	var few [16]int
	for !ok {
		ready := few[:0]
		for i, c := range cases {
			if c.c != nil && c.c.Ready() {
				ready = append(ready, i)
			}
		}
		switch len(ready) {
		case 0:
			return -1, false, nil
		case 1:
			index = ready[0]
		default:
			index = ready[d.Draw(len(ready))]
		}
		ok, err = cases[index].c.Try()
	}
	return index, true, err
}

// enqueueCases puts w into the queues of all cases, and stops at one that has
// become ready meanwhile. It must not be done at once: somebody may have chosen w
// in another queue already.
func enqueueCases(p kernel.Place, cases []Case, w *kernel.Waiter) (queued int, ready bool) {
	panics := true // as functions of others may
	defer func() {
		if panics {
			abandonCases(p, cases[:queued], w)
		}
	}()
	for ; queued < len(cases); queued++ {
		if c := cases[queued].c; c != nil && !c.Enqueue(w, queued) {
			ready = true
			break
		}
	}
	panics = false
	return queued, ready
}

// abandonCases ends the wait of a Select that panics. Who has chosen it wakes it.
func abandonCases(p kernel.Place, queued []Case, w *kernel.Waiter) {
	if !w.Restart() {
		_ = w.Wait(p)
	}
	for _, c := range queued {
		dequeue(c)
	}
}

func dequeue(c Case) {
	if c.c != nil {
		c.c.Dequeue()
	}
}

// finishCases takes w out of all queues. If the wait was not canceled, the result
// is that of the case which was fired; it comes last, as it may panic.
func finishCases(cases []Case, w *kernel.Waiter, canceled error) (index int, err error) {
	index = -1
	if canceled == nil {
		index = w.Index
	}
	for i, c := range cases {
		if i != index {
			dequeue(c)
		}
	}
	if canceled != nil {
		return -1, canceled
	}
	return index, cases[index].c.Result()
}
