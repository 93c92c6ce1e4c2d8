package anyio_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

// Stop ends what only waits for work; what is under way goes on.
func TestStopEndsWhatWaitsForWork(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		done := 0
		var group *anyio.TaskGroup
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			group = tg
			tg.Go(func(ctx context.Context) error {
				for !anyio.Stopping(ctx) {
					stopped, err := anyio.MoveOnStop(ctx, anyio.SleepForever)
					if !stopped || err != nil {
						t.Errorf("MoveOnStop returned %v, %v", stopped, err)
					}
				}
				done++
				return anyio.Sleep(ctx, time.Millisecond) // goes on
			})
			testkit.Settled(t, ctx)
			if anyio.Stopping(ctx) {
				t.Error("it is stopping too early")
			}
			tg.Stop("enough", anyio.Forever)
			if !anyio.Stopping(ctx) {
				t.Error("it is not stopping")
			}
			return anyio.Sleep(ctx, time.Millisecond)
		})
		testkit.WantNil(t, "group", err)
		if done != 1 || group.CancelCalled() || group.CancelCaught() {
			t.Errorf("%d ended; called %v, caught %v", done, group.CancelCalled(), group.CancelCaught())
		}
	})
}

// What goes on after the grace is canceled, and told why.
func TestStopCancelsAfterTheGrace(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, grace := range []time.Duration{-1, 0, time.Millisecond} {
			var cut error
			var scope *anyio.CancelScope
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				scope = s
				s.Stop("the host goes down", grace)
				cut = anyio.SleepForever(ctx)
				return cut
			})
			testkit.WantNil(t, "scope", err)
			ce, _ := errors.AsType[*anyio.CanceledError](cut)
			if ce == nil || ce.Reason != "the host goes down" || ce.Source == "" || ce.Deadline.IsZero() || !errors.Is(cut, context.DeadlineExceeded) {
				t.Errorf("grace %v: %v", grace, cut)
			}
			if !scope.CancelCalled() || !scope.CancelCaught() {
				t.Errorf("grace %v: called %v, caught %v", grace, scope.CancelCalled(), scope.CancelCaught())
			}
		}
	})
}

// The earliest grace counts, and the first reason; a deadline of the scope's own that is
// earlier is what it was.
func TestStopTwice(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		stopped := func(ctx context.Context, most, deadline time.Duration, graces ...time.Duration) (reason string, at time.Duration) {
			_ = anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				start := anyio.Now(ctx)
				if deadline > 0 {
					s.SetDeadline(start.Add(deadline))
				}
				for i, g := range graces {
					s.Stop([]string{"first", "second"}[i], g)
				}
				err := anyio.FailAfter(ctx, most, anyio.SleepForever)
				if ce, ok := errors.AsType[*anyio.CanceledError](err); ok {
					reason = ce.Reason
				}
				if d, ok := s.Deadline(); ok {
					at = d.Sub(start)
				}
				return err
			})
			return reason, at
		}
		if reason, at := stopped(ctx, time.Minute, 0, time.Hour, 0); reason != "first" || at > time.Minute {
			t.Errorf("shortened: %q after %v", reason, at)
		}
		if reason, at := stopped(ctx, time.Millisecond, 0, time.Hour, 2*time.Hour); reason != "" || at < 59*time.Minute || at > 61*time.Minute {
			t.Errorf("lengthened: %q after %v", reason, at)
		}
		if reason, _ := stopped(ctx, time.Minute, 0, 100*time.Microsecond, time.Hour); reason != "first" {
			t.Errorf("lengthened, and over: %q", reason)
		}
		if reason, at := stopped(ctx, time.Minute, time.Nanosecond, time.Hour); reason != "" || at > time.Minute {
			t.Errorf("its own deadline: %q after %v", reason, at)
		}
	})
}

// Of several around it that are asked, the first one decides with which reason.
func TestMoveOnStopInSeveralThatStop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, outer *anyio.CancelScope) error {
			return anyio.WithCancelScope(ctx, func(ctx context.Context, inner *anyio.CancelScope) error {
				_, err := anyio.MoveOnStop(ctx, func(ctx context.Context) error {
					inner.Stop("inner", anyio.Forever)
					outer.Stop("outer", anyio.Forever)
					err := anyio.Sleep(ctx, time.Millisecond)
					if err == nil || !strings.Contains(err.Error(), "canceled: inner (by ") {
						t.Errorf("got %v", err)
					}
					return err
				})
				return err
			})
		})
		testkit.WantNil(t, "scopes", err)
	})
}

// A body of MoveOnStop that begins later is cut at its first blocking call, and only then.
func TestMoveOnStopAfterStop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Stop("enough", anyio.Forever)
			stopped, err := anyio.MoveOnStop(ctx, func(context.Context) error { return nil })
			if stopped || err != nil {
				t.Errorf("a body that does not block: %v, %v", stopped, err)
			}
			stopped, err = anyio.MoveOnStop(ctx, func(ctx context.Context) error {
				return errors.Join(lowlevel.Checkpoint(ctx), testkit.ErrBoom)
			})
			if !stopped || !errors.Is(err, testkit.ErrBoom) || errors.Is(err, anyio.ErrCanceled) {
				t.Errorf("a body that blocks, and fails: %v, %v", stopped, err)
			}
			inner := false
			stopped, err = anyio.MoveOnStop(ctx, func(ctx context.Context) (err error) {
				inner, err = anyio.MoveOnStop(ctx, lowlevel.Checkpoint)
				return err
			})
			if !stopped || err != nil || inner {
				t.Errorf("of two bodies the outer one: %v, %v, the inner one: %v", stopped, err, inner)
			}
			return lowlevel.Checkpoint(ctx)
		})
		testkit.WantNil(t, "scope", err)
	})
}

// Shields hold, and contexts that nothing cancels; other contexts pass it on.
func TestWhoIsAskedToStop(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			derived, cancel := context.WithCancel(ctx)
			defer cancel()
			values := context.WithValue(ctx, keyOfStop{}, 1)
			alone := context.WithoutCancel(ctx)
			seen := func(ctx context.Context) bool {
				stopped, err := anyio.MoveOnStop(ctx, lowlevel.Checkpoint)
				testkit.WantNil(t, "MoveOnStop", err)
				if asked := anyio.Stopping(ctx); asked != stopped {
					t.Errorf("Stopping says %v, MoveOnStop %v", asked, stopped)
				}
				return stopped
			}
			if seen(ctx) || seen(derived) || seen(values) {
				t.Error("seen too early")
			}
			return anyio.WithTaskGroup(ctx, func(group context.Context, tg *anyio.TaskGroup) error {
				shielded, shield := anyio.OpenCancelScope(group, anyio.Shield())
				var inShield, inAlone, over anyio.Event
				waits := func(ctx context.Context, ended *anyio.Event) func(context.Context) error {
					return func(context.Context) error {
						stopped, err := anyio.MoveOnStop(ctx, over.Wait)
						if stopped {
							ended.Set()
						}
						return err
					}
				}
				tg.Go(waits(shielded, &inShield))
				tg.Go(waits(alone, &inAlone))
				testkit.Settled(t, ctx)
				s.Stop("enough", anyio.Forever)
				if !seen(ctx) || !seen(derived) || !seen(values) || !seen(group) {
					t.Error("not seen")
				}
				testkit.Settled(t, ctx)
				if seen(shielded) || seen(alone) || seen(context.Background()) || inShield.IsSet() || inAlone.IsSet() {
					t.Error("seen behind a shield, or elsewhere")
				}
				shield.SetShield(false)
				testkit.WantNil(t, "wait", inShield.Wait(ctx)) //anyiovet:ignore outerctx the group is asked to stop
				if !seen(shielded) {
					t.Error("not seen when the shield was lifted")
				}
				testkit.WantNil(t, "end", shield.End(nil))
				over.Set()
				return nil
			})
		})
		testkit.WantNil(t, "scope", err)
	})
}

type keyOfStop struct{}

// A cancellation from outside is not taken for a stop.
func TestMoveOnStopIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for _, both := range []bool{false, true} {
			err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
				stopped, err := anyio.MoveOnStop(ctx, func(ctx context.Context) error {
					if both {
						s.Stop("enough", anyio.Forever)
					}
					s.Cancel("at once")
					return anyio.SleepForever(ctx)
				})
				testkit.WantCanceled(t, "MoveOnStop", err)
				if stopped {
					t.Error("a cancellation was taken for a stop")
				}
				return err
			})
			testkit.WantNil(t, "scope", err)
		}
	})
}

// Receivers that are stopped lose nothing: what was sent is received by them, or is there.
func TestStopLosesNothing(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 20 {
			var got atomic.Int32
			sent, left := 0, 0
			send, receive := stream.Memory[int](1)
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range 3 {
					tg.Go(func(ctx context.Context) error {
						for !anyio.Stopping(ctx) {
							stopped, err := anyio.MoveOnStop(ctx, func(ctx context.Context) error {
								_, err := receive.Receive(ctx)
								return err
							})
							switch {
							case err != nil:
								return err
							case !stopped:
								got.Add(1)
							}
						}
						return nil
					})
				}
				for sent < 50 {
					if err := send.Send(ctx, sent); err != nil {
						return err
					}
					sent++
				}
				tg.Stop("enough", anyio.Forever)
				return nil
			})
			testkit.WantNil(t, "group", err)
			for {
				if _, err := receive.TryReceive(); err != nil {
					break
				}
				left++
			}
			if int(got.Load())+left != sent {
				t.Fatalf("%d were sent, %d received, %d left", sent, got.Load(), left)
			}
			testkit.Must(t, errors.Join(send.Close(ctx), receive.Close(ctx)))
		}
	})
}

// Nobody waits on who began to wait while it was stopped.
func TestStopReachesWhoBeginsToWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		for range 100 {
			err := anyio.FailAfter(ctx, time.Minute, func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for range 4 {
						tg.Go(func(ctx context.Context) error {
							return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
								tg.Go(func(ctx context.Context) error {
									_, err := anyio.MoveOnStop(ctx, anyio.SleepForever)
									return err
								})
								_, err := anyio.MoveOnStop(ctx, anyio.SleepForever)
								return err
							})
						})
					}
					err := lowlevel.Checkpoint(ctx)
					tg.Stop("enough", anyio.Forever)
					return err
				})
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}
