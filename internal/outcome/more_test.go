//go:build unix

package outcome_test

import (
	"context"
	"crypto/tls"
	"os"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/fileio"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// does is value for its error.
func does[V any](_ V, err error) error { return err }

// buffered is a call of a receiver over a pipe, which is closed.
func buffered(call func(ctx context.Context, r *stream.BufferedReceiver) error) func(*bench) wait {
	return func(*bench) wait {
		a, z := stream.Pipe(10)
		r := stream.NewBufferedReceiver(a)
		return waiting(func(ctx context.Context) error { return call(ctx, r) }, closing(r, z), nil)
	}
}

// reading is a call on a file that is the read end of a pipe.
func reading(call func(ctx context.Context, f *fileio.File) error) func(*bench) wait {
	return func(b *bench) wait {
		r, w, err := os.Pipe()
		b.check(err)
		f := fileio.Wrap(r)
		return waiting(func(ctx context.Context) error { return call(ctx, f) }, closing(f), closing(fileio.Wrap(w)))
	}
}

// writing is a call on a file that is the write end of a pipe.
func writing(call func(ctx context.Context, f *fileio.File) error) func(*bench) wait {
	return func(b *bench) wait {
		r, w, err := os.Pipe()
		b.check(err)
		f := fileio.Wrap(w)
		return waiting(func(ctx context.Context) error { return call(ctx, f) }, closing(f), closing(fileio.Wrap(r)))
	}
}

// variants are further calls of resources that are in the table.
var variants = []kind{
	{name: "WithCancelScope", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error { return f(ctx) })
	})},
	{name: "FailAt", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return anyio.FailAt(ctx, time.Time{}, f)
	})},
	{name: "MoveOnAt", make: through(func(ctx context.Context, f func(context.Context) error) error {
		return does(anyio.MoveOnAt(ctx, time.Time{}, f))
	})},
	{name: "Gather2", make: through(func(ctx context.Context, f func(context.Context) error) error {
		_, _, err := anyio.Gather2(ctx, valued(f), valued(f))
		return err
	})},
	{name: "signals, all", want: anyio.ErrClosed, make: func(b *bench) wait {
		r := must[*signals.Receiver](b)(signals.Open(b.ctx, syscall.SIGTERM))
		return waiting(func(ctx context.Context) error { return first(r.All(ctx)) }, closing(r), nil)
	}},
	{name: "memory stream, all", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		return waiting(func(ctx context.Context) error { return first(r.All(ctx)) }, closing(r, s), nil)
	}},
	{name: "stream.All", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		return waiting(func(ctx context.Context) error { return first(stream.All[int](ctx, r)) }, closing(r, s), nil)
	}},
	{name: "broadcast receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := broadcast(b)
		return waiting(func(ctx context.Context) error { return does(r.Receive(ctx)) }, closing(r, s), nil)
	}},
	{name: "broadcast, all", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := broadcast(b)
		return waiting(func(ctx context.Context) error { return first(r.All(ctx)) }, closing(r, s), nil)
	}},
	{name: "broadcast send", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := broadcast(b)
		b.check(s.Send(b.ctx, 1))
		return waiting(func(ctx context.Context) error { return s.Send(ctx, 2) }, closing(s, r), nil)
	}},
	{name: "objects receive", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, there := stream.Memory[int](0)
		back, r := stream.Memory[int](0)
		o := stream.StapleObjects(s, r)
		return waiting(func(ctx context.Context) error { return does(o.Receive(ctx)) }, closing(o, there, back), nil)
	}},
	{name: "objects send", want: anyio.ErrClosed, make: func(b *bench) wait {
		s, r := stream.Memory[int](0)
		o := stream.StapleObjects(s, r)
		return waiting(func(ctx context.Context) error { return o.Send(ctx, 1) }, closing(s, r), nil)
	}},
	{name: "text receive end", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		r := must[*stream.TextReceiveStream](b)(stream.NewTextReceiver(a))
		return waiting(func(ctx context.Context) error { return does(r.Receive(ctx)) }, closing(r, z), nil)
	}},
	{name: "text send end", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(0)
		s := must[*stream.TextSendStream](b)(stream.NewTextSender(a))
		return waiting(func(ctx context.Context) error { return s.Send(ctx, "text") }, closing(s, z), nil)
	}},
	{name: "buffered receive", want: anyio.ErrClosed, make: buffered(func(ctx context.Context, r *stream.BufferedReceiver) error {
		return does(r.Receive(ctx, make([]byte, 1)))
	})},
	{name: "ReceiveFull", want: anyio.ErrClosed, make: buffered(func(ctx context.Context, r *stream.BufferedReceiver) error {
		return r.ReceiveFull(ctx, make([]byte, 5))
	})},
	{name: "ReceiveUntil", want: anyio.ErrClosed, make: buffered(func(ctx context.Context, r *stream.BufferedReceiver) error {
		return does(r.ReceiveUntil(ctx, "\n", 10))
	})},
	{name: "AppendUntil", want: anyio.ErrClosed, make: buffered(func(ctx context.Context, r *stream.BufferedReceiver) error {
		return does(r.AppendUntil(ctx, nil, "\n", 10))
	})},
	{name: "Peek", want: anyio.ErrClosed, make: buffered(func(ctx context.Context, r *stream.BufferedReceiver) error { return does(r.Peek(ctx, 5)) })},
	{name: "Lines", want: anyio.ErrClosed, make: buffered(func(ctx context.Context, r *stream.BufferedReceiver) error { return first(r.Lines(ctx, 10)) })},
	{name: "Chunks", want: anyio.ErrClosed, make: buffered(func(ctx context.Context, r *stream.BufferedReceiver) error { return first(r.Chunks(ctx, 10)) })},
	{name: "stream.Copy", want: anyio.ErrClosed, make: func(b *bench) wait {
		a, z := stream.Pipe(10)
		c, y := stream.Pipe(10)
		return waiting(func(ctx context.Context) error { return does(stream.Copy(ctx, c, a)) }, closing(a, z, c, y), nil)
	}},
	{name: "stream.Serve", want: anyio.ErrClosed, make: func(b *bench) wait {
		l := stream.NewPipeListener(0)
		return waiting(func(ctx context.Context) error {
			return stream.Serve(ctx, l.Accept, nil, func(ctx context.Context, s stream.ByteStream) error { return s.Close(ctx) })
		}, closing(l), nil)
	}},
	{name: "ReadAll", want: anyio.ErrClosed, unended: true, only: real, make: reading(func(ctx context.Context, f *fileio.File) error { return does(f.ReadAll(ctx)) })},
	{name: "ReadLines", want: anyio.ErrClosed, only: real, make: reading(func(ctx context.Context, f *fileio.File) error { return does(f.ReadLines(ctx)) })},
	{name: "File.Lines", want: anyio.ErrClosed, only: real, make: reading(func(ctx context.Context, f *fileio.File) error { return first(f.Lines(ctx)) })},
	{name: "WriteString", want: anyio.ErrClosed, only: real, make: writing(func(ctx context.Context, f *fileio.File) error { return does(f.WriteString(ctx, string(lots[:1<<20]))) })},
	{name: "WriteLines", want: anyio.ErrClosed, only: real, make: writing(func(ctx context.Context, f *fileio.File) error { return f.WriteLines(ctx, string(lots[:1<<20])) })},
	{name: "TCP send, counted", want: anyio.ErrClosed, make: func(b *bench) wait {
		c, s := b.tcp()
		return waiting(func(ctx context.Context) error { return does(c.SendCounted(ctx, lots)) }, closing(c, s), nil)
	}},
	{name: "UDP ReceiveFrom", want: anyio.ErrClosed, make: func(b *bench) wait {
		u := must[*socket.UDPSocket](b)(socket.ListenUDP(b.ctx, "127.0.0.1", 0))
		return waiting(func(ctx context.Context) error {
			_, _, err := u.ReceiveFrom(ctx, make([]byte, 10))
			return err
		}, closing(u), nil)
	}},
	{name: "UDP ReceiveInto", want: anyio.ErrClosed, make: func(b *bench) wait {
		u := must[*socket.ConnectedUDPSocket](b)(socket.DialUDP(b.ctx, "127.0.0.1", 9))
		return waiting(func(ctx context.Context) error { return does(u.ReceiveInto(ctx, make([]byte, 10))) }, closing(u), nil)
	}},
	{name: "UNIX ReceiveFrom", want: anyio.ErrClosed, make: func(b *bench) wait {
		u := must[*socket.UnixgramSocket](b)(socket.ListenUnixgram(b.ctx, b.path("d")))
		return waiting(func(ctx context.Context) error {
			_, _, err := u.ReceiveFrom(ctx, make([]byte, 10))
			return err
		}, closing(u), nil)
	}},
	{name: "UNIX ReceiveInto", want: anyio.ErrClosed, make: func(b *bench) wait {
		r := must[*socket.UnixgramSocket](b)(socket.ListenUnixgram(b.ctx, b.path("r")))
		u := must[*socket.ConnectedUnixgramSocket](b)(socket.Dialer{LocalPath: b.path("d")}.DialUnixgram(b.ctx, b.path("r")))
		return waiting(func(ctx context.Context) error { return does(u.ReceiveInto(ctx, make([]byte, 10))) }, closing(u), closing(r))
	}},
	{name: "ReceiveFDs", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		c, s := b.unix()
		return waiting(func(ctx context.Context) error {
			_, _, err := c.ReceiveFDs(ctx, make([]byte, 10), make([]uintptr, 1))
			return err
		}, closing(c, s), nil)
	}},
	{name: "SendFDs", want: anyio.ErrClosed, only: real, make: func(b *bench) wait {
		c, s := b.unix()
		return waiting(func(ctx context.Context) error { return c.SendFDs(ctx, lots, 0) }, closing(c, s), nil)
	}},
	{name: "TLS send, counted", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		c, s := b.tls()
		return waiting(func(ctx context.Context) error { return does(c.SendCounted(ctx, lots)) }, closing(c, s), nil)
	}},
	{name: "TLS unwrap", want: anyio.ErrClosed, few: true, make: func(b *bench) wait {
		c, s := b.tls()
		return waiting(func(ctx context.Context) error {
			_, _, err := c.Unwrap(ctx)
			return err
		}, closing(c, s), nil)
	}},
	{name: "TLS dial", unended: true, make: func(b *bench) wait {
		l := b.listener()
		return waiting(func(ctx context.Context) error {
			return does(tlsstream.Dial(ctx, "127.0.0.1", l.Port(), &tls.Config{ServerName: "nobody"}, nil))
		}, closing(l), nil)
	}},
	{name: "TLS connectable", unended: true, make: func(b *bench) wait {
		l := b.listener()
		c := tlsstream.NewConnectable(must[*socket.TCPConnectable](b)(socket.NewTCPConnectable("127.0.0.1", l.Port())), &tls.Config{ServerName: "nobody"}, nil)
		return waiting(func(ctx context.Context) error { return does(c.Connect(ctx)) }, closing(l), nil)
	}},
}

// broadcast is a sender with room for one item, and a receiver.
func broadcast(*bench) (*stream.BroadcastSendStream[int], *stream.BroadcastReceiveStream[int]) {
	s := stream.Broadcast[int](stream.BroadcastConfig{Buffer: 1})
	return s, s.Subscribe()
}
