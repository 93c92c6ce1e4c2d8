package linear_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
)

// nobody is no client.
const nobody = -1

// The state is the owner.
func TestLock(t *testing.T) {
	type object = *anyio.Lock
	release := operation[object]{"release", func(_ context.Context, l object, _ int) any { return caught(l.Release) }}
	(&spec[object]{
		make: func() object { return &anyio.Lock{} },
		operations: []operation[object]{
			{"acquire", func(ctx context.Context, l object, _ int) any { return text(l.Acquire(ctx)) }},
			{"try", func(_ context.Context, l object, _ int) any { return text(l.TryAcquire()) }},
			{"locked", func(_ context.Context, l object, _ int) any { return l.Locked() }},
			release,
		},
		last: release,
		init: nobody,
		step: func(state any, by call, out any) (bool, any) {
			owner := state.(int)
			switch by.name {
			case "locked":
				return out == (owner != nobody), owner
			case "release":
				if owner == by.client {
					return out == "ok", nobody
				}
				return out == "panic", owner
			}
			switch {
			case owner == nobody:
				return out == "ok", by.client
			case owner == by.client:
				return out == "misuse", owner
			case by.name == "try":
				return out == "would block", owner
			}
			return out == never, owner
		},
	}).test(t)
}

// readers is the state of an RWLock: who writes, and who reads, as bits.
type readers struct {
	writer int
	set    uint
}

func TestRWLock(t *testing.T) {
	type object = *anyio.RWLock
	end := func(l object) any {
		if caught(l.Release) == "ok" {
			return "wrote"
		}
		if caught(l.ReleaseRead) == "ok" {
			return "read"
		}
		return "nothing"
	}
	(&spec[object]{
		make: func() object { return &anyio.RWLock{} },
		operations: []operation[object]{
			{"write", func(ctx context.Context, l object, _ int) any { return text(l.Acquire(ctx)) }},
			{"read", func(ctx context.Context, l object, _ int) any { return text(l.AcquireRead(ctx)) }},
			{"try to write", func(_ context.Context, l object, _ int) any { return text(l.TryAcquire()) }},
			{"try to read", func(_ context.Context, l object, _ int) any { return text(l.TryAcquireRead()) }},
			{"readers", func(_ context.Context, l object, _ int) any { return l.Statistics().Readers }},
		},
		last: operation[object]{"end", func(_ context.Context, l object, _ int) any { return end(l) }},
		init: readers{writer: nobody},
		step: func(state any, by call, out any) (bool, any) {
			s := state.(readers)
			me := uint(1) << by.client
			writes, reads := s.writer == by.client, s.set&me != 0
			switch by.name {
			case "readers":
				n := 0
				for set := s.set; set != 0; set &= set - 1 {
					n++
				}
				return out == n, s
			case "end":
				switch {
				case writes:
					return out == "wrote", readers{nobody, s.set}
				case reads:
					return out == "read", readers{s.writer, s.set &^ me}
				}
				return out == "nothing", s
			}
			free := s.writer == nobody && (s.set == 0 || by.name == "read" || by.name == "try to read")
			switch {
			case writes || reads:
				return out == "misuse", s
			case out == "ok" && by.name[len(by.name)-4:] == "read":
				return free, readers{s.writer, s.set | me}
			case out == "ok":
				return free, readers{by.client, s.set}
			case by.name == "try to read":
				return out == "would block" && (!free || s.set != 0), s // a writer may wait
			case by.name == "read":
				return out == never && (!free || s.set != 0), s
			case by.name == "try to write":
				return out == "would block" && !free, s
			}
			return out == never && !free, s
		},
	}).test(t)
}

// The state is the number of free slots.
func TestSemaphore(t *testing.T) {
	type object = *anyio.Semaphore
	(&spec[object]{
		make: func() object { return anyio.NewBoundedSemaphore(1, 2) },
		operations: []operation[object]{
			{"acquire", func(ctx context.Context, s object, _ int) any { return text(s.Acquire(ctx)) }},
			{"try", func(_ context.Context, s object, _ int) any { return text(s.TryAcquire()) }},
			{"release", func(_ context.Context, s object, _ int) any { return caught(s.Release) }},
			{"value", func(_ context.Context, s object, _ int) any { return s.Value() }},
		},
		init: 1,
		step: func(state any, by call, out any) (bool, any) {
			free := state.(int)
			switch {
			case by.name == "value":
				return out == free, free
			case by.name == "release" && free == 2:
				return out == "panic", free
			case by.name == "release":
				return out == "ok", free + 1
			case free > 0:
				return out == "ok", free - 1
			case by.name == "try":
				return out == "would block", free
			}
			return out == never, free
		},
	}).test(t)
}

// tokens is the state of a CapacityLimiter: how many there are, and who has one, as bits.
type tokens struct {
	total, borrowed int
	set             uint
}

func TestCapacityLimiter(t *testing.T) {
	type object = *anyio.CapacityLimiter
	total := func(n int) func(context.Context, object, int) any {
		return func(_ context.Context, l object, _ int) any { l.SetTotalTokens(n); return "ok" }
	}
	give := operation[object]{"release", func(_ context.Context, l object, me int) any {
		return caught(func() { l.ReleaseOnBehalfOf(me) })
	}}
	(&spec[object]{
		make: func() object { return anyio.NewCapacityLimiter(0) },
		operations: []operation[object]{
			{"acquire", func(ctx context.Context, l object, me int) any { return text(l.AcquireOnBehalfOf(ctx, me)) }},
			{"try", func(_ context.Context, l object, me int) any { return text(l.TryAcquireOnBehalfOf(me)) }},
			{"one", total(1)},
			{"two", total(2)},
			{"borrowed", func(_ context.Context, l object, _ int) any { return l.BorrowedTokens() }},
		},
		last: give,
		init: tokens{},
		step: func(state any, by call, out any) (bool, any) {
			s := state.(tokens)
			me := uint(1) << by.client
			has := s.set&me != 0
			switch by.name {
			case "one":
				s.total = 1
				return out == "ok", s
			case "two":
				s.total = 2
				return out == "ok", s
			case "borrowed":
				return out == s.borrowed, s
			case "release":
				if !has {
					return out == "panic", s
				}
				return out == "ok", tokens{s.total, s.borrowed - 1, s.set &^ me}
			}
			switch {
			case has:
				return out == "misuse", s
			case s.borrowed < s.total:
				return out == "ok", tokens{s.total, s.borrowed + 1, s.set | me}
			case by.name == "try":
				return out == "would block", s
			}
			return out == never, s
		},
	}).test(t)
}
