package lowlevel_test

import (
	"context"
	"errors"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/sim"
)

func TestTokenStandsForTheRun(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		token, err := lowlevel.CurrentToken(ctx)
		if err != nil || token.Err() != nil {
			t.Fatal(err, token.Err())
		}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return tg.Go(func(ctx context.Context) error {
				if other, err := lowlevel.CurrentToken(ctx); other != token || err != nil {
					t.Errorf("%v, %v", other, err)
				}
				return nil
			}).Await(ctx)
		})
		if err != nil || token.String() != "Token("+token.Backend()+")" {
			t.Errorf("%v, %v", token, err)
		}
	})
}

func TestTokenIsUsedFromAnotherGoroutineUntilTheRunEnds(t *testing.T) {
	for _, b := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		var token lowlevel.Token
		var never anyio.Event
		waiting := make(chan error, 1)
		err := anyio.Run(context.Background(), func(ctx context.Context) (err error) {
			if token, err = lowlevel.CurrentToken(ctx); err != nil {
				return err
			}
			var ev, entered anyio.Event
			done := make(chan error, 1)
			go func() {
				ctx, err := token.Context()
				if err != nil {
					done <- err
					return
				}
				entered.Set()
				done <- ev.Wait(ctx)
				waiting <- never.Wait(ctx)
			}()
			if err := entered.Wait(ctx); err != nil {
				return err
			}
			ev.Set()
			return <-done
		}, anyio.On(b))
		if err != nil {
			t.Errorf("%s: %v", b.Name(), err)
		}
		if err := <-waiting; !errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("%s: wait beyond the end of the run: %v", b.Name(), err)
		}
		if err := token.Err(); err != anyio.ErrRunFinished {
			t.Errorf("%s: %v", b.Name(), err)
		}
		if _, err := token.Context(); err != anyio.ErrRunFinished {
			t.Errorf("%s: %v", b.Name(), err)
		}
	}
}

func TestTokenNeedsARun(t *testing.T) {
	if _, err := lowlevel.CurrentToken(context.Background()); err != anyio.ErrNoRun {
		t.Error(err)
	}
	var zero lowlevel.Token
	if zero.Err() != anyio.ErrNoRun || zero.Backend() != "" {
		t.Error(zero.Err(), zero.Backend())
	}
	var kept context.Context
	err := anyio.Run(context.Background(), func(ctx context.Context) error { kept = ctx; return nil }, anyio.On(sim.New(sim.Config{})))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lowlevel.CurrentToken(kept); err != anyio.ErrRunFinished {
		t.Error(err)
	}
}
