package kernels

import (
	"context"
	"errors"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// Mistakes with what works like channels.
var streams = []kernel{
	{"status is asked of a node that has stopped", "etcd#6857", func(ctx context.Context) error {
		ask, asked := stream.Memory[bool](0)
		defer closed(ask, asked)
		var stop anyio.Event
		node := func(ctx context.Context) error {
			for {
				var v bool
				if i, err := anyio.Select(ctx, anyio.OnReceive(asked, &v), anyio.OnEvent(&stop)); err != nil || i == 1 {
					return err
				}
			}
		}
		return together(ctx, node, send(ask, true), seq(give, do(stop.Set)))
	}},
	{"result of a probe that nobody waits for any more", "moby#33781", func(ctx context.Context) error {
		result, in := stream.Memory[int](0)
		defer closed(result, in)
		probe := seq(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) }, send(result, 1))
		monitor := func(ctx context.Context) error {
			var v int
			_, err := anyio.Select(ctx, anyio.OnReceive(in, &v), anyio.OnTimer(time.Second))
			return err
		}
		return together(ctx, probe, monitor)
	}},
	{"stop and work are both ready, and the work is dropped", common, func(ctx context.Context) error {
		work, in := stream.Memory[int](1)
		defer closed(work, in)
		var stop anyio.Event
		accepted, done := false, false
		worker := func(ctx context.Context) error {
			var v int
			i, err := anyio.Select(ctx, anyio.OnReceive(in, &v), anyio.OnEvent(&stop))
			if err != nil {
				return err
			}
			done = i == 0
			return nil
		}
		err := together(ctx, worker, seq(func(ctx context.Context) error {
			accepted = true
			return work.Send(ctx, 1)
		}, do(stop.Set)))
		if err != nil {
			return err
		}
		return bug(accepted && !done, "work was accepted and not done")
	}},
	{"drained to make room, but another fills it", "grpc#2371", func(ctx context.Context) error {
		updates, in := stream.Memory[int](1)
		defer closed(updates, in)
		update := seq(func(context.Context) error {
			if _, err := in.TryReceive(); err != nil && !errors.Is(err, anyio.ErrWouldBlock) {
				return err
			}
			return nil
		}, send(updates, 1))
		return together(ctx, update, update)
	}},
	{"closed between looking and sending", "grpc#1687", func(ctx context.Context) error {
		writes, in := stream.Memory[int](4)
		defer closed(writes, in)
		var closed cell
		write := func(ctx context.Context) error {
			if closed.Load() == 1 {
				return nil
			}
			return writes.Send(ctx, 1)
		}
		shut := func(ctx context.Context) error {
			closed.Store(1)
			return writes.Close(ctx)
		}
		drain := func(ctx context.Context) error {
			for {
				if _, err := in.Receive(ctx); err != nil {
					if errors.Is(err, anyio.ErrEndOfStream) {
						return nil
					}
					return err
				}
			}
		}
		return together(ctx, drain, times(2, write), seq(give, give, shut))
	}},
	{"work given to a pool that is closing", "serving#3068", func(ctx context.Context) error {
		work, in := stream.Memory[int](2)
		defer closed(work, in)
		left := 2
		submit := func(ctx context.Context) error {
			if err := give(ctx); err != nil {
				return err
			}
			return work.Send(ctx, 1)
		}
		worker := func(ctx context.Context) error {
			for {
				if _, err := in.Receive(ctx); err != nil {
					if errors.Is(err, anyio.ErrEndOfStream) {
						return nil
					}
					return err
				}
				if left--; left == 1 { // "the last one" is told wrongly
					if err := seq(give, give, work.Close)(ctx); err != nil {
						return err
					}
				}
			}
		}
		return together(ctx, submit, seq(times(2, give), submit), worker)
	}},
	{"closed twice", common, func(ctx context.Context) error {
		var closes cell
		closed := false
		shut := seq(give, func(ctx context.Context) error {
			if closed {
				return nil
			}
			if err := give(ctx); err != nil {
				return err
			}
			closed = true
			return bug(closes.Add(1) > 1, "closed twice")
		})
		return together(ctx, shut, shut)
	}},
	{"two requests, answers in the order of their coming", common, func(ctx context.Context) error {
		ask, asked := stream.Memory[int](2)
		defer closed(ask, asked)
		answers, got := stream.Memory[int](2)
		defer closed(answers, got)
		server := seq(times(2, func(ctx context.Context) error {
			n, err := asked.Receive(ctx)
			if err != nil {
				return err
			}
			return answers.Send(ctx, n)
		}))
		client := func(n int) act {
			return seq(send(ask, n), func(ctx context.Context) error {
				v, err := got.Receive(ctx)
				if err != nil {
					return err
				}
				return bug(v != n, "%d has the answer of %d", n, v)
			})
		}
		return together(ctx, server, client(1), client(2))
	}},
	{"two streams filled in one order, emptied in the other", common, func(ctx context.Context) error {
		a, fromA := stream.Memory[int](1)
		defer closed(a, fromA)
		b, fromB := stream.Memory[int](1)
		defer closed(b, fromB)
		return together(ctx,
			seq(times(2, send(a, 1)), times(2, send(b, 1))),
			seq(times(2, receive(fromB)), times(2, receive(fromA))),
			receive(fromA), send(a, 1))
	}},
}
