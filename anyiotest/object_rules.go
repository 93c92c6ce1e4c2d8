package anyiotest

import (
	"context"
	"errors"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// objectRules is what TestObjectStream checks.
var objectRules = []objectRule{
	{name: "order",
		want:  "items arrive in the order in which they were sent, none is missing, none comes twice",
		check: checkOrder},
	{name: "end",
		want: "when the sender is closed, what was sent before is received, then ErrEndOfStream, as often as one asks",
		check: func(p *objectPair, ctx context.Context) {
			sent := 0
			if needBuffer(p) == "" {
				sent = p.buffered
				p.fill(ctx)
			}
			p.wantErr("Close", p.send.Close(ctx), nil)
			for i := range sent {
				if got, err := p.recv.Receive(ctx); err != nil || got != i {
					p.fail("received %d, %v, want %d", got, err, i)
				}
			}
			for range 3 {
				_, err := p.recv.Receive(ctx)
				p.wantErr("Receive at the end", err, anyio.ErrEndOfStream)
			}
		}},
	{name: "end while waiting",
		want: "a Receive that waits returns ErrEndOfStream when the sender is closed",
		check: func(p *objectPair, ctx context.Context) {
			err := p.waiting(ctx, p.receive, func(*anyio.TaskHandle) { p.wantErr("Close", p.send.Close(ctx), nil) })
			p.wantErr("Receive", err, anyio.ErrEndOfStream)
		}},
	{name: "closed",
		want: "calls on an end that was closed return ErrClosed, and closing it again does nothing",
		check: func(p *objectPair, ctx context.Context) {
			for range 2 {
				p.wantErr("Close of the sender", p.send.Close(ctx), nil)
				p.wantErr("Send", p.send.Send(ctx, 1), anyio.ErrClosed)
			}
			for range 2 {
				p.wantErr("Close of the receiver", p.recv.Close(ctx), nil)
				p.wantErr("Receive", p.receive(ctx), anyio.ErrClosed)
			}
		}},
	{name: "closed while receiving",
		want: "a Receive that waits returns ErrClosed when its own end is closed",
		check: func(p *objectPair, ctx context.Context) {
			err := p.waiting(ctx, p.receive, func(*anyio.TaskHandle) { p.wantErr("Close", p.recv.Close(ctx), nil) })
			p.wantErr("Receive", err, anyio.ErrClosed)
		}},
	{name: "closed while sending", needs: needBuffer,
		want: "a Send that waits returns ErrClosed when its own end is closed, and its item is not received",
		check: func(p *objectPair, ctx context.Context) {
			p.fill(ctx)
			err := p.waiting(ctx, p.sendOne, func(*anyio.TaskHandle) { p.wantErr("Close", p.send.Close(ctx), nil) })
			p.wantErr("Send", err, anyio.ErrClosed)
			p.drained(ctx, p.buffered)
		}},
	{name: "broken",
		want: "when the receiver is closed, Send returns ErrBroken, at once or, over a network, before long",
		check: func(p *objectPair, ctx context.Context) {
			p.wantErr("Close", p.recv.Close(ctx), nil)
			err := p.sendOne(ctx)
			for tries := 0; err == nil && p.buffered < 0 && tries < maxFill; tries++ {
				err = p.sendOne(ctx)
			}
			p.wantErr("Send", err, anyio.ErrBroken)
		}},
	{name: "broken while sending", needs: needBuffer,
		want: "a Send that waits returns ErrBroken when the receiver is closed",
		check: func(p *objectPair, ctx context.Context) {
			p.fill(ctx)
			err := p.waiting(ctx, p.sendOne, func(*anyio.TaskHandle) { p.wantErr("Close", p.recv.Close(ctx), nil) })
			p.wantErr("Send", err, anyio.ErrBroken)
		}},
	{name: "buffer", needs: needBuffer,
		want: "Send waits when the buffer is full, or there is none, until there is room or a receiver",
		check: func(p *objectPair, ctx context.Context) {
			p.fill(ctx)
			err := p.waiting(ctx, p.sendOne, func(*anyio.TaskHandle) {
				p.wantErr("Receive", p.receive(ctx), nil)
			})
			p.wantErr("Send", err, nil)
		}},
	{name: "busy",
		want: "of two Receives at once the second waits, too, or returns a BusyError; the first is not disturbed",
		check: func(p *objectPair, ctx context.Context) {
			var second error
			first := p.waiting(ctx, p.receive, func(*anyio.TaskHandle) {
				p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					tg.Go(func(ctx context.Context) error { second = p.receive(ctx); return nil })
					p.idle(ctx)
					p.wantErr("Send", p.send.Send(ctx, 1), nil)
					p.wantErr("Close", p.send.Close(ctx), nil)
				})
			})
			p.wantErr("the first Receive", first, nil)
			if _, busy := errors.AsType[*anyio.BusyError](second); !busy {
				p.wantErr("the second Receive", second, anyio.ErrEndOfStream)
			}
		}},
	{name: "try", needs: needTry,
		want:  "TrySend and TryReceive never wait: they return ErrWouldBlock, or what Send and Receive would",
		check: checkTry},
	{name: "send eof", needs: needEOF,
		want: "SendEOF ends the stream for the receiver, may be called again, and leaves Send with ErrClosed",
		check: func(p *objectPair, ctx context.Context) {
			end := p.send.(eofSender)
			p.wantErr("SendEOF", end.SendEOF(ctx), nil)
			p.wantErr("SendEOF again", end.SendEOF(ctx), nil)
			p.wantErr("Send", p.sendOne(ctx), anyio.ErrClosed)
			p.wantErr("Receive", p.receive(ctx), anyio.ErrEndOfStream)
		}},
	{name: "canceled scope",
		want:  "in a canceled scope Send and Receive return the cancellation and have no effect; Close works",
		check: checkCanceledScope},
	{name: "canceled send", needs: needBuffer,
		want: "a Send that is canceled while it waits has sent nothing",
		check: func(p *objectPair, ctx context.Context) {
			p.fill(ctx)
			err := p.waiting(ctx, p.sendOne, func(h *anyio.TaskHandle) { h.Cancel("it waits") })
			p.wantErr("Send", err, anyio.ErrCanceled)
			p.wantErr("Close", p.send.Close(ctx), nil)
			p.drained(ctx, p.buffered)
		}},
	{name: "canceled receive",
		want: "a Receive that is canceled while it waits takes nothing with it",
		check: func(p *objectPair, ctx context.Context) {
			err := p.waiting(ctx, p.receive, func(h *anyio.TaskHandle) { h.Cancel("it waits") })
			p.wantErr("Receive", err, anyio.ErrCanceled)
			p.deliver(ctx, 5, 6)
		}},
	{name: "derived context",
		want: "a context derived by package context cancels a Receive that waits",
		check: func(p *objectPair, ctx context.Context) {
			cancels := make(chan context.CancelFunc, 1)
			err := p.waiting(ctx, func(ctx context.Context) error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				cancels <- cancel
				return p.receive(ctx)
			}, func(*anyio.TaskHandle) { (<-cancels)() })
			p.wantErr("Receive", err, context.Canceled)
		}},
	{name: "clones end", needs: needClones,
		want:  "the stream ends when the last sending clone is closed, and breaks when the last receiving one is",
		check: checkClonesEnd},
	{name: "clones share", needs: needClones,
		want:  "with several senders and receivers each item is received once, and those of one sender in order",
		check: checkClonesShare},
}

func (p *objectPair) receive(ctx context.Context) error {
	_, err := p.recv.Receive(ctx)
	return err
}

func (p *objectPair) sendOne(ctx context.Context) error { return p.send.Send(ctx, -1) }

// drained receives the items of fill and wants the end after them.
func (p *objectPair) drained(ctx context.Context, n int) {
	p.Helper()
	for i := range n {
		if got, err := p.recv.Receive(ctx); err != nil || got != i {
			p.fail("received %d, %v, want %d", got, err, i)
		}
	}
	got, err := p.recv.Receive(ctx)
	if !errors.Is(err, anyio.ErrEndOfStream) {
		p.fail("received %d, %v, want the end of the stream", got, err)
	}
}

func checkOrder(p *objectPair, ctx context.Context) {
	const n = 200
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		tg.Go(func(ctx context.Context) error {
			for i := range n {
				if err := p.send.Send(ctx, i); err != nil {
					return err
				}
			}
			return p.send.Close(ctx)
		}, anyio.Name("sender"))
		next := 0
		for got, err := range stream.All(ctx, p.recv) {
			if err != nil || got != next {
				p.fail("received %d, %v, want %d", got, err, next)
				tg.Cancel("the rule is broken")
				return
			}
			next++
		}
		if next != n {
			p.fail("%d items of %d", next, n)
		}
	})
}

func checkTry(p *objectPair, ctx context.Context) {
	send, recv := p.send.(trySender), p.recv.(tryReceiver)
	_, err := recv.TryReceive()
	p.wantErr("TryReceive of an empty stream", err, anyio.ErrWouldBlock)
	n := min(p.buffered, maxFill)
	for i := range n {
		p.wantErr("TrySend with room", send.TrySend(i), nil)
	}
	if needBuffer(p) == "" {
		p.wantErr("TrySend without room", send.TrySend(-1), anyio.ErrWouldBlock)
	}
	for i := range n {
		if got, err := recv.TryReceive(); err != nil || got != i {
			p.fail("TryReceive: %d, %v, want %d", got, err, i)
		}
	}
	err = p.waiting(ctx, p.receive, func(*anyio.TaskHandle) {
		p.wantErr("TrySend to a receiver that waits", send.TrySend(1), nil)
	})
	p.wantErr("Receive", err, nil)
	p.wantErr("Close", p.send.Close(ctx), nil)
	p.wantErr("TrySend on a closed end", send.TrySend(1), anyio.ErrClosed)
	_, err = recv.TryReceive()
	p.wantErr("TryReceive at the end", err, anyio.ErrEndOfStream)
	p.wantErr("Close", p.recv.Close(ctx), nil)
	_, err = recv.TryReceive()
	p.wantErr("TryReceive on a closed end", err, anyio.ErrClosed)
}
