package linear_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/stream"
)

// What has no simple specification, in small programs that say what must hold.
func TestPrograms(t *testing.T) {
	for _, p := range programs {
		t.Run(p.name, func(t *testing.T) {
			opts := []anyiotest.Option{anyiotest.Schedules(20_000)}
			if race.Enabled && p.bound > 0 {
				p.bound = 1 // steps take ten times as long
			}
			if p.bound > 0 {
				opts = append(opts, anyiotest.MaxPreemptions(p.bound))
			}
			if !anyiotest.Explore(t, p.f, opts...) {
				t.Error("not all schedules were seen")
			}
		})
	}
}

var programs = []struct {
	name  string
	bound int // of preemptions; 0 for none
	f     func(t testing.TB, ctx context.Context)
}{
	{"rendezvous", 0, func(t testing.TB, ctx context.Context) {
		send, receive := stream.Memory[int](0)
		defer send.Close(ctx)
		defer receive.Close(ctx)
		var sent [2]bool
		got := -1
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range sent {
				tg.Go(func(ctx context.Context) error {
					err := send.Send(ctx, i)
					sent[i] = err == nil
					return err
				})
			}
			var err error
			got, err = receive.Receive(ctx)
			tg.Cancel("one is enough")
			return err
		})
		if err != nil || got < 0 || !sent[got] || sent[1-got] {
			t.Errorf("%d was received, sent: %v, error %v", got, sent, err)
		}
	}},
	// Each of two who wait is notified of one of two items.
	{"condition", 0, func(t testing.TB, ctx context.Context) {
		var c anyio.Condition
		items := 0
		take := func(ctx context.Context) error {
			return c.Do(ctx, func(ctx context.Context) error {
				err := c.WaitFor(ctx, func() bool { return items > 0 })
				items--
				return err
			})
		}
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(take)
			tg.Go(take)
			return c.Do(ctx, func(context.Context) error {
				items = 2
				c.Notify(1)
				c.Notify(1)
				return nil
			})
		}))
	}},
	// A notification is not lost with the one who was notified and canceled.
	{"condition, canceled", 2, func(t testing.TB, ctx context.Context) {
		var c anyio.Condition
		items := 0
		take := func(ctx context.Context) error {
			return c.Do(ctx, func(ctx context.Context) error {
				if err := c.WaitFor(ctx, func() bool { return items > 0 }); err != nil {
					return err
				}
				items--
				return nil
			})
		}
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			first := tg.Go(func(ctx context.Context) error {
				if err := take(ctx); err != nil {
					return err
				}
				return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
					s.SetShield(true)
					return c.Do(ctx, func(context.Context) error { // for the other one
						items++
						c.Notify(1)
						return nil
					})
				})
			})
			tg.Go(take)
			tg.Go(func(context.Context) error { first.Cancel("enough"); return nil })
			return c.Do(ctx, func(context.Context) error {
				items = 1
				c.Notify(1)
				return nil
			})
		}))
	}},
	// Who starts a task and is canceled has its value, or the task is canceled.
	{"start, canceled", 0, func(t testing.TB, ctx context.Context) {
		var value int
		var startErr, childErr error
		started := false
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			starter := tg.Go(func(outer context.Context) error {
				value, startErr = anyio.Start(outer, tg, func(ctx context.Context, ready func(int)) error {
					if childErr = anyio.Sleep(ctx, 0); childErr != nil {
						return childErr
					}
					ready(7)
					started = true
					return nil
				})
				return nil
			})
			starter.Cancel("enough")
			return nil
		})
		switch {
		case err != nil:
			t.Error(err)
		case startErr == nil && (value != 7 || !started):
			t.Errorf("Start returned %d, started: %t", value, started)
		case startErr != nil && (started || !errors.Is(startErr, context.Canceled)):
			t.Errorf("Start failed with %v, started: %t", startErr, started)
		}
	}},
	// The group fails with one of the failures or both, and ends all.
	{"failures", 0, func(t testing.TB, ctx context.Context) {
		var canceled error
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { return errFirst })
			tg.Go(func(context.Context) error { return errSecond })
			canceled = anyio.SleepForever(ctx)
			return canceled
		})
		if !errors.Is(err, errFirst) && !errors.Is(err, errSecond) || !errors.Is(canceled, context.Canceled) {
			t.Errorf("the group failed with %v, the body with %v", err, canceled)
		}
	}},
	// Of a portal that is stopped each call has been made, or is refused or canceled.
	{"portal", 0, func(t testing.TB, ctx context.Context) {
		testkit.Must(t, portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					made := false
					v, err := portal.Call(ctx, p, func(context.Context) (int, error) {
						made = true
						return 7, nil
					})
					if err == nil && (v != 7 || !made) || err != nil && !errors.Is(err, portal.ErrStopped) && !errors.Is(err, context.Canceled) && !errors.Is(err, anyio.ErrTaskCanceled) {
						t.Errorf("the call returned %d, %v, made: %t", v, err, made)
					}
					return nil
				})
				p.Cancel("enough")
				return nil
			})
		}))
	}},
	// Each subscriber has all that was sent after it subscribed.
	{"broadcast", 0, func(t testing.TB, ctx context.Context) {
		send := stream.Broadcast[int](stream.BroadcastConfig{})
		var got [2][]int
		testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for i := range got {
				receive := send.Subscribe()
				tg.Go(func(ctx context.Context) error {
					defer receive.Close(ctx)
					for v, err := range receive.All(ctx) {
						if err != nil {
							return err
						}
						got[i] = append(got[i], v)
					}
					return nil
				})
			}
			if err := send.Send(ctx, 7); err != nil {
				return err
			}
			return send.Close(ctx)
		}))
		if !slices.Equal(got[0], []int{7}) || !slices.Equal(got[1], []int{7}) {
			t.Errorf("received %v", got)
		}
	}},
}

var errFirst, errSecond = errors.New("first"), errors.New("second")
