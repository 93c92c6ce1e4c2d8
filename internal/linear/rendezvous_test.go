package linear_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// meeting is the state of a stream without a buffer. What was sent is received by the next
// operation: both have happened at the same time.
type meeting struct {
	item   int // of whom; nobody if there is none
	closed bool
	stuck  string // which operations never return: not both of those that could meet
}

// A memory stream without a buffer: who sends and who receives wait for each other. That trying
// fails though somebody waits is not excluded, since who waits has not come to any state.
func TestRendezvous(t *testing.T) {
	operations := pipeOperations()
	(&spec[ends]{
		make:       func() ends { return newEnds(0) },
		close:      closeEnds,
		operations: operations,
		init:       meeting{item: nobody},
		over:       "over",
		step: func(state any, by call, out any) (bool, any) {
			m := state.(meeting)
			sends := by.name == "send" || by.name == "try to send"
			tries := by.name == "try to send" || by.name == "try to receive"
			if m.item != nobody { // who receives it has to be next
				ok := !sends && by.name != "close" && by.name != "over" && out == m.item
				m.item = nobody
				return ok, m
			}
			switch {
			case by.name == "over":
				return true, m
			case by.name == "close":
				m.closed = true
				return out == "ok", m
			case sends && m.closed:
				return out == "closed", m
			case sends && out == "ok":
				m.item = by.client
				return true, m
			case !sends && m.closed:
				return out == "end", m
			case tries:
				return out == "would block", m
			}
			ok := out == never && (m.stuck == "" || m.stuck == by.name || !sends && m.stuck != "send")
			m.stuck = by.name
			return ok, m
		},
	}).test(t)
}

// newEnds returns a memory stream.
func newEnds(room int) ends {
	s, r := stream.Memory[int](room)
	return ends{s, r}
}

func closeEnds(e ends) {
	_ = e.send.Close(context.Background())
	_ = e.receive.Close(context.Background())
}

// pipeOperations are those of a memory stream. Each client sends its number.
func pipeOperations() []operation[ends] {
	ended := func(v int, err error) any {
		switch {
		case err == nil:
			return v
		case text(err) == anyio.ErrEndOfStream.Error():
			return "end"
		}
		return text(err)
	}
	sent := func(err error) any {
		if text(err) == anyio.ErrClosed.Error() {
			return "closed"
		}
		return text(err)
	}
	return []operation[ends]{
		{"send", func(ctx context.Context, e ends, me int) any { return sent(e.send.Send(ctx, me)) }},
		{"try to send", func(_ context.Context, e ends, me int) any { return sent(e.send.TrySend(me)) }},
		{"receive", func(ctx context.Context, e ends, _ int) any { return ended(e.receive.Receive(ctx)) }},
		{"try to receive", func(_ context.Context, e ends, _ int) any { return ended(e.receive.TryReceive()) }},
		{"select", func(ctx context.Context, e ends, _ int) any {
			var v int
			_, err := anyio.Select(ctx, anyio.OnReceive(e.receive, &v))
			return ended(v, err)
		}},
		{"close", func(ctx context.Context, e ends, _ int) any { return text(e.send.Close(ctx)) }},
	}
}
