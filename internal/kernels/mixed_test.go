package kernels

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// send and receive are acts on a memory stream, as on a channel.
func send[T any](s *stream.MemorySendStream[T], item T) act {
	return func(ctx context.Context) error { return s.Send(ctx, item) }
}

func receive[T any](s *stream.MemoryReceiveStream[T]) act {
	return func(ctx context.Context) error {
		_, err := s.Receive(ctx)
		return err
	}
}

// Deadlocks of a lock and something else that is waited for under it.
var mixed = []kernel{
	{"send under the lock that the receiver takes", "kubernetes#10182", func(ctx context.Context) error {
		var mu anyio.Lock
		out, in := stream.Memory[bool](0)
		defer closed(out, in)
		status := locked(&mu, send(out, true))
		return together(ctx,
			seq(receive(in), locked(&mu, give), receive(in)),
			status, seq(give, status))
	}},
	{"stop waits under the lock for a worker that takes it", "etcd#6873", func(ctx context.Context) error {
		var mu anyio.Lock
		var done anyio.Event
		updates, in := stream.Memory[int](1)
		defer closed(updates, in)
		worker := func(ctx context.Context) error {
			defer done.Set()
			for {
				if _, err := in.Receive(ctx); err != nil {
					if errors.Is(err, anyio.ErrEndOfStream) {
						return nil
					}
					return err
				}
				if err := locked(&mu, give)(ctx); err != nil {
					return err
				}
			}
		}
		return together(ctx, worker,
			seq(send(updates, 1), locked(&mu, seq(updates.Close, done.Wait))))
	}},
	{"a follower waits under the lock for the leader, who takes it", "etcd#7902", func(ctx context.Context) error {
		var mu anyio.Lock
		var next anyio.Event
		leader := seq(locked(&mu, give), give, locked(&mu, do(next.Set)))
		follower := seq(locked(&mu, give), locked(&mu, next.Wait))
		return together(ctx, leader, follower)
	}},
	{"update sent under the lock that handling the last one takes", "grpc#1353", func(ctx context.Context) error {
		var mu anyio.Lock
		addrs, in := stream.Memory[int](0)
		defer closed(addrs, in)
		update := locked(&mu, send(addrs, 1))
		handle := seq(receive(in), locked(&mu, give))
		return together(ctx, seq(update, update, update), times(3, handle))
	}},
	{"keepalive sleeps under the lock that waking it takes", "grpc#1460", func(ctx context.Context) error {
		var mu anyio.Lock
		var awake anyio.Event
		streams := 0
		keepalive := locked(&mu, func(ctx context.Context) error {
			if streams > 0 {
				return nil
			}
			return awake.Wait(ctx)
		})
		return together(ctx, keepalive, locked(&mu, do(func() {
			streams++
			awake.Set()
		})))
	}},
	{"reader waits for a job, a writer for the reader, the next job for the writer", "kubernetes#58107", func(ctx context.Context) error {
		var workers anyio.RWLock
		var job anyio.Event
		return together(ctx,
			func(ctx context.Context) error { return workers.DoRead(ctx, job.Wait) },
			func(ctx context.Context) error { return workers.DoRead(ctx, do(job.Set)) },
			seq(give, locked(&workers, give)))
	}},
	{"distribution sends under the lock that stopping takes", "kubernetes#1321", func(ctx context.Context) error {
		var mu anyio.Lock
		result, in := stream.Memory[bool](0)
		defer closed(result, in)
		watching := true
		return together(ctx,
			times(2, locked(&mu, func(ctx context.Context) error {
				if !watching {
					return nil
				}
				return result.Send(ctx, true)
			})),
			seq(receive(in), locked(&mu, do(func() { watching = false }))))
	}},
	{"health monitor is stopped under its container's lock", "moby#28462", func(ctx context.Context) error {
		var container anyio.Lock
		stop, stopped := stream.Memory[bool](0)
		defer closed(stop, stopped)
		monitor := func(ctx context.Context) error {
			for {
				var v bool
				i, err := anyio.Select(ctx, anyio.OnReceive(stopped, &v), anyio.OnTimer(0))
				if err != nil || i == 0 {
					return err
				}
				if err := locked(&container, give)(ctx); err != nil {
					return err
				}
			}
		}
		return together(ctx, monitor, seq(give, locked(&container, send(stop, true))))
	}},
	{"a task is let in after draining has begun", "cockroach#1055", func(ctx context.Context) error {
		var mu anyio.Lock
		var draining cell
		var working int
		var stopper anyio.Event
		start := func(ctx context.Context) error {
			if draining.Load() == 1 {
				return nil
			}
			if err := give(ctx); err != nil {
				return err
			}
			if err := locked(&mu, do(func() { working++ }))(ctx); err != nil {
				return err
			}
			return stopper.Wait(ctx)
		}
		stop := locked(&mu, do(func() {
			draining.Store(1)
			if working > 0 { // else nobody is expected to wait
				stopper.Set()
			}
		}))
		return together(ctx, start, stop)
	}},
	{"a frame is written under the lock that closing takes", "kubernetes#6632", func(ctx context.Context) error {
		var mu anyio.Lock
		reset, in := stream.Memory[int](1)
		defer closed(reset, in)
		var closing anyio.Event
		return together(ctx,
			seq(locked(&mu, send(reset, 1)), locked(&mu, send(reset, 2))),
			seq(closing.Wait, locked(&mu, give), receive(in), receive(in)),
			seq(give, do(closing.Set)))
	}},
}
