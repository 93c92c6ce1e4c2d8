package stream_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func TestPiecesComeAsTheyWereSent(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(0)
		var got []string
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				defer a.Close(ctx)
				for _, piece := range []string{"one", "two", "and three"} {
					if err := a.Send(ctx, []byte(piece)); err != nil {
						return err
					}
				}
				return nil
			})
			for piece, err := range stream.Pieces(ctx, b, 5) {
				testkit.Must(t, err)
				got = append(got, string(piece))
			}
		})
		if len(got) != 4 || got[0] != "one" || got[1] != "two" || got[2]+got[3] != "and three" || len(got[2]) != 5 {
			t.Errorf("%q", got)
		}
		for _, err := range stream.Pieces(ctx, b, 5) { // the end comes again
			t.Errorf("after the end: %v", err)
		}
		testkit.Must(t, b.Close(ctx))
		errs := 0
		for piece, err := range stream.Pieces(ctx, b, 5) {
			testkit.WantErr(t, err, anyio.ErrClosed)
			if errs++; piece != nil {
				t.Errorf("%q", piece)
			}
		}
		if errs != 1 {
			t.Errorf("%d errors", errs)
		}
		for _, err := range stream.Pieces(ctx, b, 0) {
			testkit.WantMisuse(t, "no room", err)
		}
	})
}

func TestLoopOverPiecesIsLeftAndGoesOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(10)
		defer b.Close(ctx)
		testkit.Must(t, a.Send(ctx, []byte("abcd")))
		for _, want := range []string{"ab", "cd"} {
			for piece, err := range stream.Pieces(ctx, b, 2) {
				if string(piece) != want || err != nil {
					t.Errorf("%q, %v", piece, err)
				}
				_ = append(piece, "overwritten"...) // has its own memory
				break
			}
		}
		testkit.Must(t, a.Close(ctx))
		canceled(t, ctx, func(ctx context.Context) error {
			for _, err := range stream.Pieces(ctx, b, 2) {
				return err
			}
			return nil
		})
	})
}

func TestConnectionsEndWithTheListener(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := stream.NewPipeListener(0)
		got := 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				for range 3 {
					c, err := l.Connect(ctx)
					if err != nil {
						return err
					}
					defer c.Close(ctx)
				}
				return l.Close(ctx)
			})
			for conn, err := range stream.Connections[stream.ByteStream](ctx, l) {
				testkit.Must(t, err)
				got++
				testkit.Must(t, conn.Close(ctx))
			}
		})
		if got != 3 {
			t.Errorf("%d connections", got)
		}
		canceled(t, ctx, func(ctx context.Context) error {
			for _, err := range stream.Connections[stream.ByteStream](ctx, l) {
				return err
			}
			return nil
		})
	})
}
