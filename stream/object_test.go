package stream_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

// A link is an ObjectStream of two memory streams.
type link struct {
	*stream.MemorySendStream[int]
	*stream.MemoryReceiveStream[int]
}

func newLinks() (a, b link) {
	sendA, recvB := stream.Memory[int](1)
	sendB, recvA := stream.Memory[int](1)
	return link{sendA, recvA}, link{sendB, recvB}
}

func (l link) SendEOF(context.Context) error { return l.MemorySendStream.Close(context.Background()) }

func (l link) Close(ctx context.Context) error {
	l.MemorySendStream.Close(ctx)
	return l.MemoryReceiveStream.Close(ctx)
}

// exchange needs no promise of order or delivery.
func exchange(ctx context.Context, s stream.UnreliableObjectStream[int], item int) (int, error) {
	if err := s.Send(ctx, item); err != nil {
		return 0, err
	}
	return s.Receive(ctx)
}

// What is written for unreliable streams takes reliable ones, each half as well.
func TestReliableStreamsServeWhereUnreliableOnesDo(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		la, lb := newLinks()
		var a, b stream.ObjectStream[int] = la, lb
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			other := anyio.GoValue(tg, func(ctx context.Context) (int, error) { return exchange(ctx, b, 2) })
			if v, err := exchange(ctx, a, 1); v != 2 || err != nil {
				t.Errorf("one side got %d, %v", v, err)
			}
			if v, err := other.Await(ctx); v != 1 || err != nil {
				t.Errorf("the other side got %d, %v", v, err)
			}
		})
		for range 2 {
			testkit.WantErr(t, a.SendEOF(ctx), nil)
		}
		testkit.WantErr(t, a.Send(ctx, 3), anyio.ErrClosed)
		testkit.WantErr(t, b.Send(ctx, 4), nil) // the other direction goes on
		var half stream.UnreliableObjectReceiveStream[int] = stream.ObjectReceiveStream[int](a)
		if v, err := half.Receive(ctx); v != 4 || err != nil {
			t.Errorf("received %d, %v", v, err)
		}
		n := 0
		for range stream.All(ctx, b) { // ends at once
			n++
		}
		if n != 0 {
			t.Errorf("%d items after the end", n)
		}
		a.Close(ctx)
		b.Close(ctx)
	})
}
