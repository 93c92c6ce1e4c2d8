package anyiotest

import (
	"context"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func checkClonesEnd(p *objectPair, ctx context.Context) {
	send, _ := cloneOf(p.send)
	recv, _ := cloneOf(p.recv)
	defer send.Close(ctx)
	defer recv.Close(ctx)

	p.wantErr("Close of the first sender", p.send.Close(ctx), nil)
	p.wantErr("Send of a closed end that has a clone", p.sendOne(ctx), anyio.ErrClosed)
	p.wantErr("Close of the first receiver", p.recv.Close(ctx), nil)
	err := p.waiting(ctx, func(ctx context.Context) error {
		got, err := recv.Receive(ctx)
		if err == nil && got != 1 {
			p.fail("the clone received %d, want 1", got)
		}
		return err
	}, func(*anyio.TaskHandle) { p.wantErr("Send of the clone", send.Send(ctx, 1), nil) })
	p.wantErr("Receive of the clone", err, nil)

	third, _ := cloneOf(send)
	defer third.Close(ctx)
	p.wantErr("Close of the last receiver", recv.Close(ctx), nil)
	p.wantErr("Send when all receivers are closed", send.Send(ctx, 1), anyio.ErrBroken)
	p.wantErr("Close", third.Close(ctx), nil)
	if dead, ok := cloneOf(third); ok {
		p.wantErr("Send of a closed end's clone", dead.Send(ctx, 1), anyio.ErrClosed)
		p.wantErr("Close of a closed end's clone", dead.Close(ctx), nil)
	}
}

func checkClonesShare(p *objectPair, ctx context.Context) {
	const ends, each = 4, 50
	var mu sync.Mutex
	count := make(map[int]int) // item to how often it was received; guarded by mu
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		for sender := range ends {
			send, _ := cloneOf(p.send)
			tg.Go(func(ctx context.Context) error {
				defer send.Close(ctx)
				for i := range each {
					if err := send.Send(ctx, sender*each+i); err != nil {
						return err
					}
				}
				return nil
			}, anyio.Name("sender"))
		}
		for range ends {
			recv, _ := cloneOf(p.recv)
			tg.Go(func(ctx context.Context) error {
				defer recv.Close(ctx)
				last := [ends]int{-1, -1, -1, -1}
				for item, err := range stream.All(ctx, recv) {
					if err != nil {
						return err
					}
					if sender := item / each; item <= last[sender] {
						p.fail("one receiver got %d after %d", item, last[sender])
					} else {
						last[sender] = item
					}
					mu.Lock()
					count[item]++
					mu.Unlock()
				}
				return nil
			}, anyio.Name("receiver"))
		}
		p.wantErr("Close", p.send.Close(ctx), nil)
		p.wantErr("Close", p.recv.Close(ctx), nil)
	})
	for item := range ends * each {
		if count[item] != 1 {
			p.fail("item %d was received %d times", item, count[item])
		}
	}
}
