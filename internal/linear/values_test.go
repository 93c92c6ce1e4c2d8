package linear_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func TestEvent(t *testing.T) {
	type object = *anyio.Event
	(&spec[object]{
		make: func() object { return &anyio.Event{} },
		operations: []operation[object]{
			{"wait", func(ctx context.Context, e object, _ int) any { return text(e.Wait(ctx)) }},
			{"select", func(ctx context.Context, e object, _ int) any {
				_, err := anyio.Select(ctx, anyio.OnEvent(e))
				return text(err)
			}},
			{"set", func(_ context.Context, e object, _ int) any { e.Set(); return "ok" }},
			{"is set", func(_ context.Context, e object, _ int) any { return e.IsSet() }},
		},
		init: false,
		step: func(state any, by call, out any) (bool, any) {
			set := state.(bool)
			switch {
			case by.name == "is set":
				return out == set, set
			case by.name == "set":
				return out == "ok", true
			case set:
				return out == "ok", set
			}
			return out == never, set
		},
	}).test(t)
}

// The state is the value, 0 for none and -1 for a canceled future.
func TestFuture(t *testing.T) {
	type object = *anyio.Future[int]
	value := func(v int, err error) any {
		switch {
		case err == nil:
			return v
		case errors.Is(err, anyio.ErrFutureCanceled):
			return -1
		}
		return text(err)
	}
	(&spec[object]{
		make: func() object { return anyio.NewFuture[int]("f") },
		operations: []operation[object]{
			{"await", func(ctx context.Context, f object, _ int) any { return value(f.Await(ctx)) }},
			{"value", func(_ context.Context, f object, _ int) any {
				if f.Status() == anyio.Pending {
					return 0
				}
				return value(f.Value())
			}},
			{"set", func(_ context.Context, f object, me int) any { return f.Set(me+1) == nil }},
			{"cancel", func(_ context.Context, f object, _ int) any { return f.Cancel() }},
		},
		init: 0,
		step: func(state any, by call, out any) (bool, any) {
			v := state.(int)
			switch by.name {
			case "set", "cancel":
				if v != 0 {
					return out == false, v
				}
				if by.name == "cancel" {
					return out == true, -1
				}
				return out == true, by.client + 1
			case "value":
				return out == v, v
			}
			if v == 0 {
				return out == never, v
			}
			return out == v, v
		},
	}).test(t)
}

// pipe is the state of a memory stream: what is in it, a digit each, and whether the sending
// end is closed.
type pipe struct {
	items  string
	closed bool
}

type ends struct {
	send    *stream.MemorySendStream[int]
	receive *stream.MemoryReceiveStream[int]
}

// A memory stream with a buffer. What is received was sent before, in its order.
func TestMemoryStream(t *testing.T) {
	for _, room := range []int{1, 2} {
		t.Run(fmt.Sprint(room), func(t *testing.T) {
			(&spec[ends]{
				make:       func() ends { return newEnds(room) },
				close:      closeEnds,
				operations: pipeOperations(),
				init:       pipe{},
				step: func(state any, by call, out any) (bool, any) {
					p := state.(pipe)
					switch by.name {
					case "close":
						return out == "ok", pipe{p.items, true}
					case "send", "try to send":
						switch {
						case p.closed:
							return out == "closed", p
						case len(p.items) < room:
							return out == "ok", pipe{p.items + fmt.Sprint(by.client), false}
						case by.name == "send":
							return out == never, p
						}
						return out == "would block", p
					}
					switch {
					case p.items != "":
						return out == int(p.items[0]-'0'), pipe{p.items[1:], p.closed}
					case p.closed:
						return out == "end", p
					case by.name == "try to receive":
						return out == "would block", p
					}
					return out == never, p
				},
			}).test(t)
		})
	}
}
