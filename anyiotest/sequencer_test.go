package anyiotest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

func TestSequencerOrdersSteps(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var seq anyiotest.Sequencer
		var got []int // the sequencer guards it
		step := func(ctx context.Context, n int) error {
			return seq.Do(ctx, n, func(ctx context.Context) error {
				err := anyio.Sleep(ctx, 0)
				got = append(got, n)
				return err
			})
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for task := range 4 {
				tg.Go(func(ctx context.Context) error {
					for n := 3 - task; n < 20; n += 4 {
						if err := step(ctx, n); err != nil {
							return err
						}
					}
					return nil
				})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := seq.Step(ctx, 20); err != nil {
			t.Errorf("the next step: %v", err)
		}
		if len(got) != 20 || !slices.IsSorted(got) {
			t.Errorf("order %d", got)
		}
	})
}

func TestSequencerMisuse(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var seq anyiotest.Sequencer
		if err := seq.Step(ctx, 0); err != nil {
			t.Fatal(err)
		}
		for n, want := range map[int]string{0: "step 0: it was taken before", -1: "step -1: steps are numbered from 0"} {
			err := seq.Step(ctx, n)
			if se, ok := errors.AsType[*anyiotest.SequenceError](err); !ok || se.Step != n || !strings.Contains(err.Error(), want) {
				t.Errorf("step %d: %v, want %q", n, err, want)
			}
		}
		err := seq.Do(ctx, 1, func(ctx context.Context) error { return seq.Step(ctx, 1) })
		if _, ok := errors.AsType[*anyiotest.SequenceError](err); !ok {
			t.Errorf("a step inside itself: %v", err)
		}
	})
}

func TestSequencerStepIsDoneEvenIfItsBodyFails(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var seq anyiotest.Sequencer
		oops := errors.New("oops")
		if err := seq.Do(ctx, 0, func(context.Context) error { return oops }); err != oops {
			t.Errorf("got %v, want the body's error", err)
		}
		func() {
			defer func() { _ = recover() }()
			_ = seq.Do(ctx, 1, func(context.Context) error { panic("ouch") })
		}()
		if err := seq.Step(ctx, 2); err != nil {
			t.Error(err)
		}
	})
}

func TestCanceledWaitBreaksTheSequence(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var seq anyiotest.Sequencer
		var canceled, broken error
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { broken = seq.Step(ctx, 2); return nil })
			h := tg.Go(func(ctx context.Context) error { canceled = seq.Step(ctx, 1); return canceled })
			h.Cancel("to break it")
			return nil
		})
		if err != nil {
			t.Error(err)
		}
		if !errors.Is(canceled, anyio.ErrCanceled) {
			t.Errorf("the canceled step: %v, want its cancellation", canceled)
		}
		for _, err := range []error{broken, seq.Step(ctx, 0)} {
			se, ok := errors.AsType[*anyiotest.SequenceError](err)
			if !ok || !errors.Is(se.Err, anyio.ErrCanceled) || !strings.Contains(err.Error(), "step 1 was canceled") {
				t.Errorf("another step: %v, want a broken sequence", err)
			}
			if errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("%v passes for the caller's own cancellation", err)
			}
		}
	})
}

func TestSequencerEndsWhenCanceledAnywhere(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		var seq anyiotest.Sequencer
		return anyiotest.Scenario{Body: func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for n := range 3 {
					tg.Go(func(ctx context.Context) error { return seq.Step(ctx, n) })
				}
				return nil
			})
		}, Check: func(ctx context.Context, err error) error {
			if _, broken := errors.AsType[*anyiotest.SequenceError](err); broken {
				return nil
			}
			return err
		}}
	})
}
