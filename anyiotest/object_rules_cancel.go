package anyiotest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

func checkCanceledScope(p *objectPair, ctx context.Context) {
	if needRoom(p) == "" { // both could finish at once
		p.canceled(ctx, "Send", p.sendOne)
		p.wantErr("Send", p.send.Send(ctx, 1), nil)
		p.canceled(ctx, "Receive", p.receive)
		if got, err := p.recv.Receive(ctx); err != nil || got != 1 {
			p.fail("afterwards received %d, %v, want 1", got, err)
		}
	} else {
		p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				if got, err := p.recv.Receive(ctx); err != nil || got != 1 {
					p.fail("a receiver that waited got %d, %v, want 1", got, err)
				}
				return nil
			})
			p.idle(ctx)
			p.canceled(ctx, "Send", p.sendOne)
			p.wantErr("Send", p.send.Send(ctx, 1), nil)
		})
		p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error { return p.send.Send(ctx, 2) })
			p.idle(ctx)
			p.canceled(ctx, "Receive", p.receive)
			if got, err := p.recv.Receive(ctx); err != nil || got != 2 {
				p.fail("afterwards received %d, %v, want 2", got, err)
			}
		})
	}
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		s.Cancel("before Close")
		p.wantErr("Close in a canceled scope", p.send.Close(ctx), nil)
		return nil
	})
	p.wantErr("the scope", err, nil)
	p.wantErr("Receive", p.receive(ctx), anyio.ErrEndOfStream)
}

// cancelObjectStream checks that what Send reported as sent is what is received,
// wherever both are canceled.
func cancelObjectStream(t testing.TB, makePair MakeObjectPair, opts []Option) {
	t.Helper()
	const n = 4
	cancelEverywhere(t, func() Scenario {
		var send stream.ObjectSendStream[int]
		var recv stream.ObjectReceiveStream[int]
		var sent, received []int // each by one task at a time
		collect := func(ctx context.Context) error {
			for item, err := range stream.All(ctx, recv) {
				if err != nil {
					return err
				}
				received = append(received, item)
			}
			return nil
		}
		return Scenario{
			SetUp: func(ctx context.Context) (err error) {
				send, recv, _, err = makePair(ctx)
				return err
			},
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						for i := range n {
							if err := send.Send(ctx, i); err != nil {
								return err
							}
							sent = append(sent, i)
						}
						return send.Close(ctx)
					}, anyio.Name("sender"))
					return collect(ctx)
				})
			},
			Check: func(ctx context.Context, err error) error {
				err = errors.Join(err, send.Close(ctx), collect(ctx), recv.Close(ctx))
				if err == nil && !slices.Equal(sent, received) {
					err = fmt.Errorf("want: no cancellation loses or doubles an item\ngot:  sent %d, received %d", sent, received)
				}
				return err
			},
		}
	}, *cancelAtFlag, opts)
}
