package aiter_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/aiter"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/stream"
)

func TestTeeGivesAllItemsToEach(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var w waiting
		seqs, stop := aiter.Tee(ctx, w.of(ctx, 1, 2, 3, 4), 3)
		defer stop()
		want(t, "one ahead", text(seqs[0], 3), "1 2 3")
		want(t, "another behind", text(seqs[1], 2), "1 2")
		want(t, "goes on", text(seqs[0], 9), "4")
		want(t, "goes on", text(seqs[1], 9), "3 4")
		want(t, "all at once", text(seqs[2], 9), "1 2 3 4")
		want(t, "after the end", text(seqs[0], 9), "")
		if w.given != 4 || !w.left {
			t.Errorf("%d items were taken, left %v", w.given, w.left)
		}
		none, stop2 := aiter.Tee(ctx, ints(ctx, 1), 0)
		stop2()
		if len(none) != 0 {
			t.Error(none)
		}
	})
}

// Several tasks read, some of them waiting for each other: no item is taken twice.
func TestTeeIsReadByTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		send, recv := stream.Memory[int](0)
		defer recv.Close(ctx)
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("all were read")
			tg.Go(func(ctx context.Context) error {
				defer send.Close(ctx)
				for i := range 20 {
					if err := send.Send(ctx, i); err != nil {
						return err
					}
				}
				return nil
			})
			seqs, stop := aiter.Tee(ctx, recv.All(ctx), 4)
			defer stop()
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for i, seq := range seqs {
					tg.Go(func(ctx context.Context) error {
						n := 0
						for item, err := range seq {
							if err != nil {
								return err
							}
							if item != n {
								return fmt.Errorf("reader %d got %d, want %d", i, item, n)
							}
							if n++; n%(i+2) == 0 {
								if err := anyio.Sleep(ctx, 0); err != nil {
									return err
								}
							}
						}
						if n != 20 {
							return fmt.Errorf("reader %d got %d items", i, n)
						}
						return nil
					})
				}
				return nil
			})
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestTeeOfATeeGoesOnAtItsPlace(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		seqs, stop := aiter.Tee(ctx, ints(ctx, 1, 2, 3), 2)
		defer stop()
		want(t, "the first", text(seqs[0], 1), "1")
		again, stopAgain := aiter.Tee(ctx, seqs[0], 2)
		defer stopAgain()
		want(t, "a half", text(again[0], 9), "2 3")
		want(t, "the other half", text(again[1], 9), "2 3")
		want(t, "the second", text(seqs[1], 9), "1 2 3")
	})
}

func TestStopEndsWhatATeeReads(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var w waiting
		seqs, stop := aiter.Tee(ctx, w.of(ctx, 1, 2, 3), 2)
		want(t, "ahead", text(seqs[0], 2), "1 2")
		stop()
		stop()
		if !w.left {
			t.Error("the sequence goes on")
		}
		want(t, "ahead, stopped", text(seqs[0], 9), "")
		want(t, "behind, stopped", text(seqs[1], 9), "1 2")
	})
}

func TestErrorOfATeeReachesEach(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		w := waiting{fail: testkit.ErrBoom}
		seqs, stop := aiter.Tee(ctx, w.of(ctx, 1), 2)
		defer stop()
		for _, seq := range seqs {
			_, err := first(seq, 9)
			testkit.WantErr(t, err, testkit.ErrBoom)
		}
	})
}

// Who waits for the one that asks for the next item is canceled alone.
func TestCanceledReaderOfATeeLosesNothing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var asked, answer anyio.Event
		seq := func(yield func(int, error) bool) {
			asked.Set()
			if err := answer.Wait(ctx); yield(5, err) {
				yield(6, nil)
			}
		}
		err := anyio.WithTaskGroup(ctx, func(outer context.Context, tg *anyio.TaskGroup) error {
			return anyio.WithCancelScope(outer, func(ctx context.Context, scope *anyio.CancelScope) error {
				seqs, stop := aiter.Tee(ctx, seq, 2)
				defer stop()
				got := anyio.GoValue(tg, func(context.Context) (string, error) { return shown(first(seqs[0], 1)), nil })
				testkit.Must(t, asked.Wait(ctx))
				other := tg.Go(func(context.Context) error {
					_, err := first(seqs[1], 1)
					testkit.WantCanceled(t, "who waits for the other", err)
					return nil
				})
				scope.Cancel("enough")
				testkit.Must(t, other.Wait(outer)) //anyiovet:ignore outerctx the scope is canceled
				answer.Set()
				line, err := got.Await(outer) //anyiovet:ignore outerctx the scope is canceled
				want(t, "who waits for the item", line, "5")
				return err
			})
		})
		testkit.WantNil(t, "group", err)
	})
}

func TestSequencesThatWaitAreReadSideBySide(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var a, b waiting
		pairs := aiter.Zip(ctx, a.of(ctx, 1, 2, 3, 4), b.of(ctx, 10, 20, 30))
		want(t, "left early", text(pairs, 2), "{1 10} {2 20}")
		if a.given != 2 || b.given != 2 || !a.left || !b.left {
			t.Errorf("%+v %+v", a, b)
		}
		want(t, "to the end", text(pairs, 9), "{1 10} {2 20} {3 30}")
		b = waiting{fail: testkit.ErrBoom}
		want(t, "error", text(aiter.ZipLongest(ctx, 0, a.of(ctx, 1, 2, 3), b.of(ctx, 10)), 9), "[1 10] error: "+testkit.ErrBoom.Error())
		if !a.left || !b.left {
			t.Errorf("%+v %+v", a, b)
		}
	})
}
