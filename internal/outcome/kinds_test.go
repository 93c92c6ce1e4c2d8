//go:build unix

package outcome_test

import (
	"context"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/stream"
)

const real = "parallel eventloop"

func kinds() []kind {
	var all []kind
	for _, some := range [][]kind{primitives, streams, wrappers, sockets, datagrams, descriptors, tlsKinds, outside, files, tasks, elsewhere, variants} {
		all = append(all, some...)
	}
	return all
}

// closing is end for what is closed.
func closing(all ...anyio.Resource) func(ctx context.Context) {
	return func(ctx context.Context) {
		for _, r := range all {
			_ = r.Close(ctx)
		}
	}
}

func waiting(call func(ctx context.Context) error, end, free func(ctx context.Context)) wait {
	return wait{call: call, end: end, free: free}
}

// receiving is a wait for bytes from r, which is closed by end.
func receiving(r stream.ByteReceiveStream, end func(context.Context), free func(context.Context)) wait {
	return waiting(func(ctx context.Context) error {
		_, err := r.Receive(ctx, make([]byte, 10))
		return err
	}, end, free)
}

// sending is a wait until s takes more than it has room for.
func sending(s stream.ByteSendStream, end func(context.Context), free func(context.Context)) wait {
	return waiting(func(ctx context.Context) error { return s.Send(ctx, lots) }, end, free)
}

// lots is more than any socket has room for.
var lots = make([]byte, 32<<20)

// primitives are granted, not closed: the grant of one that was canceled before has no
// effect on it.
var primitives = []kind{
	{name: "Event.Wait", make: func(b *bench) wait {
		e := &anyio.Event{}
		return waiting(e.Wait, func(context.Context) { e.Set() }, nil)
	}},
	{name: "Lock.Acquire", make: func(b *bench) wait {
		l := &anyio.Lock{}
		b.check(l.TryAcquire())
		return waiting(func(ctx context.Context) error {
			err := l.Acquire(ctx)
			if err == nil {
				l.Release()
			}
			return err
		}, func(context.Context) { l.Release() }, nil)
	}},
	{name: "Semaphore.Acquire", make: func(b *bench) wait {
		s := anyio.NewSemaphore(0)
		return waiting(s.Acquire, func(context.Context) { s.Release() }, nil)
	}},
	{name: "CapacityLimiter.Acquire", make: func(b *bench) wait {
		l := anyio.NewCapacityLimiter(0)
		me := new(int)
		return waiting(func(ctx context.Context) error { return l.AcquireOnBehalfOf(ctx, me) },
			func(context.Context) { l.SetTotalTokens(1) }, nil)
	}},
	{name: "Condition.Wait", unended: true, make: func(b *bench) wait {
		c := &anyio.Condition{}
		return waiting(func(ctx context.Context) error {
			if err := c.Acquire(ctx); err != nil {
				return err
			}
			defer c.Release()
			return c.Wait(ctx)
		}, func(context.Context) {
			if c.TryAcquire() == nil { // else the waiter, canceled, has it back
				c.NotifyAll()
				c.Release()
			}
		}, nil)
	}},
	{name: "Select of an event", make: func(b *bench) wait {
		e := &anyio.Event{}
		return waiting(func(ctx context.Context) error {
			_, err := anyio.Select(ctx, anyio.OnEvent(e), anyio.OnEvent(&anyio.Event{}))
			return err
		}, func(context.Context) { e.Set() }, nil)
	}},
	{name: "Future.Await, set", make: func(b *bench) wait {
		f := anyio.NewFuture[int]("")
		return waiting(func(ctx context.Context) error { _, err := f.Await(ctx); return err },
			func(context.Context) { _ = f.Set(1) }, nil)
	}},
	{name: "Future.Await, canceled", want: anyio.ErrFutureCanceled, make: func(b *bench) wait {
		f := anyio.NewFuture[int]("")
		return waiting(func(ctx context.Context) error { _, err := f.Await(ctx); return err },
			func(context.Context) { f.Cancel() }, nil)
	}},
	{name: "Sleep", unended: true, make: func(b *bench) wait {
		return waiting(anyio.SleepForever, func(context.Context) {}, nil)
	}},
	{name: "portal.Task.Await", unended: true, make: func(b *bench) wait {
		open := anyio.NewFuture[*portal.Portal]("")
		return waiting(func(ctx context.Context) error {
			return portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
				t, err := portal.Go(p, func(ctx context.Context) (int, error) { return 0, anyio.SleepForever(ctx) })
				if err != nil {
					return err
				}
				_ = open.Set(p)
				_, err = t.Await(ctx)
				return err
			})
		}, func(ctx context.Context) {
			if p, err := open.Value(); err == nil {
				p.Cancel("the portal was stopped")
			}
		}, nil)
	}},
}

var streams = []kind{
	{name: "MemoryReceiveStream.Receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		return waiting(func(ctx context.Context) error { _, err := r.Receive(ctx); return err }, closing(r, s), nil)
	}},
	{name: "MemoryReceiveStream.Receive, the other end closed", want: anyio.ErrEndOfStream, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		return waiting(func(ctx context.Context) error { _, err := r.Receive(ctx); return err }, closing(s, r), nil)
	}},
	{name: "MemorySendStream.Send", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		return waiting(func(ctx context.Context) error { return s.Send(ctx, 1) }, closing(s, r), nil)
	}},
	{name: "MemorySendStream.Send, the other end closed", want: anyio.ErrBroken, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		return waiting(func(ctx context.Context) error { return s.Send(ctx, 1) }, closing(r, s), nil)
	}},
	{name: "Select of a receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		return waiting(func(ctx context.Context) error {
			_, err := anyio.Select(ctx, anyio.OnReceive(r, nil), anyio.OnEvent(&anyio.Event{}))
			return err
		}, closing(r, s), nil)
	}},
	{name: "Select of a send", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		return waiting(func(ctx context.Context) error {
			_, err := anyio.Select(ctx, anyio.OnSend(s, 1), anyio.OnEvent(&anyio.Event{}))
			return err
		}, closing(s, r), nil)
	}},
	{name: "Pipe.Receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(0)
		return receiving(a, closing(a, z), nil)
	}},
	{name: "Pipe.Receive, the other end closed", want: anyio.ErrEndOfStream, make: func(b *bench) wait {
		a, z := stream.Pipe(0)
		return receiving(a, closing(z, a), nil)
	}},
	{name: "Pipe.Send", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		return sending(a, closing(a, z), nil)
	}},
	{name: "PipeListener.Accept", want: anyio.ErrClosed, make: func(b *bench) wait {
		l := stream.NewPipeListener(0)
		return waiting(func(ctx context.Context) error { _, err := l.Accept(ctx); return err }, closing(l), nil)
	}},
	{name: "PipeListener.Connect", want: anyio.ErrClosed, make: func(b *bench) wait {
		l := stream.NewPipeListener(0)
		return waiting(func(ctx context.Context) error { _, err := l.Connect(ctx); return err }, closing(l), nil)
	}},
}

var wrappers = []kind{
	{name: "Buffered.ReceiveExactly", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		r := stream.NewBuffered(a)
		return waiting(func(ctx context.Context) error { _, err := r.ReceiveExactly(ctx, 5); return err }, closing(r, z), nil)
	}},
	{name: "Text.Receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		r := must[*stream.TextStream](b)(stream.NewText(a))
		return waiting(func(ctx context.Context) error { _, err := r.Receive(ctx); return err }, closing(r, z), nil)
	}},
	{name: "Text.Send", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(0)
		s := must[*stream.TextStream](b)(stream.NewText(a))
		return waiting(func(ctx context.Context) error { return s.Send(ctx, "text") }, closing(s, z), nil)
	}},
	{name: "Stapled.Receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		c, y := stream.Pipe(10)
		s := stream.Staple(a, c)
		return receiving(s, closing(s, z, y), nil)
	}},
	{name: "Stapled.Send", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		c, y := stream.Pipe(10)
		s := stream.Staple(a, c)
		return sending(s, closing(s, z, y), nil)
	}},
	{name: "MultiListener.Accept", want: anyio.ErrClosed, make: func(b *bench) wait {
		l := stream.NewMultiListener[stream.ByteStream](stream.NewPipeListener(0), stream.NewPipeListener(0))
		return waiting(func(ctx context.Context) error { _, err := l.Accept(ctx); return err }, closing(l), nil)
	}},
	{name: "MultiListener.Serve", want: anyio.ErrClosed, make: func(b *bench) wait {
		l := stream.NewMultiListener[stream.ByteStream](stream.NewPipeListener(0), stream.NewPipeListener(0))
		return waiting(func(ctx context.Context) error {
			return l.Serve(ctx, nil, func(ctx context.Context, s stream.ByteStream) error { return s.Close(ctx) })
		}, closing(l), nil)
	}},
}
