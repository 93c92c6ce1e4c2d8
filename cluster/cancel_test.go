package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/process"
)

// wantBroken wants that the worker of a call is broken, for a reason that has a text.
func wantBroken(t *testing.T, err error, text string) {
	t.Helper()
	if b, ok := errors.AsType[*process.BrokenWorkerError](err); !ok || b.Cause == nil || text != "" && b.Cause.Error() != text {
		t.Errorf("%v; want a broken worker: %s", err, text)
	}
}

// A call is canceled after each number of turns of the others: before it is sent, on its
// way, while it runs, and while its answer is on its way. The function has ended then.
func TestCancelingACallAtEachStage(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Capacity: 1}, func(ctx context.Context) {
			for turns := range 60 {
				name, w := watching(t, fmt.Sprint(turns))
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					h := cluster.Go(tg, c, hangs, name)
					for range turns {
						if err := lowlevel.Checkpoint(ctx); err != nil {
							t.Error(err)
						}
					}
					tg.Cancel("")
					if _, err := h.Await(context.WithoutCancel(ctx)); !errors.Is(err, anyio.ErrTaskCanceled) {
						t.Error(turns, err)
					}
				})
				if w.begun.IsSet() != w.ended.IsSet() {
					t.Error(turns, "the function has not ended")
				}
			}
			if n, err := cluster.Call(ctx, c, double, 1); n != 2 || err != nil {
				t.Error(n, err)
			}
		})
	})
}

// The deadline of a context of package context comes at the worker, too, and perhaps there
// first. Who has set it gets the error of that context.
func TestDeadlineOfAContext(t *testing.T) {
	eachReal(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			for i := range 20 {
				limited, cancel := context.WithTimeout(ctx, time.Duration(i)*time.Millisecond)
				_, err := cluster.Call(limited, c, sleeps, time.Hour)
				cancel()
				if !anyio.IsCancellation(err) || !errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("after %d ms: %v", i, err)
				}
			}
		})
	})
}

// What the function returns nevertheless, is returned.
func TestCanceledCallWaitsForItsFunction(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			name, w := watching(t, "")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				var got string
				var err error
				over := new(anyio.Event)
				scope := anyio.NewFuture[*anyio.CancelScope]("scope")
				tg.Go(func(ctx context.Context) error {
					return anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
						_ = scope.Set(s)
						got, err = cluster.Call(ctx, c, stubborn, name)
						over.Set()
						return nil
					})
				})
				s, _ := scope.Await(ctx)
				wait(t, ctx, &w.begun)
				s.Cancel("")
				if _, err := anyio.MoveOnAfter(ctx, 50*time.Millisecond, over.Wait); err != nil || over.IsSet() {
					t.Error("it has not waited", err)
				}
				w.goOn.Set()
				wait(t, ctx, over)
				if got != name || err != nil {
					t.Error(got, err)
				}
			})
		})
	})
}

func TestDeadlinesTravel(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			if d, err := cluster.Call(ctx, c, left, 0); d != -1 || err != nil {
				t.Error(d, err)
			}
			_, err := anyio.MoveOnAfter(ctx, time.Hour, func(ctx context.Context) error {
				if d, err := cluster.Call(ctx, c, left, 0); d <= 59*time.Minute || d > time.Hour || err != nil {
					t.Error(d, err)
				}
				return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					if d, err := cluster.Call(ctx, c, left, 0); d != -1 || err != nil {
						t.Error("shielded:", d, err)
					}
					return nil
				})
			})
			if err != nil {
				t.Error(err)
			}
			endsInTime(t, ctx, c, 50*time.Millisecond)
		})
	})
}

// The function ends at the deadline with which it was called.
func TestDeadlineThatIsMovedLater(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			name, w := watching(t, "")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					tg.Go(func(ctx context.Context) error {
						wait(t, ctx, &w.begun)
						scope.SetDeadline(anyio.Now(ctx).Add(time.Hour))
						return nil
					})
					_, err := cluster.Call(ctx, c, hangs, name)
					if scope.CancelCalled() { // it was not moved in time
						return err
					}
					wantBroken(t, err, "it has canceled the call at the deadline with which it was made")
					return nil
				}, anyio.Deadline(anyio.Now(ctx).Add(300*time.Millisecond)))
				if err != nil {
					t.Error(err)
				}
			})
		})
	})
}

func TestShieldRoundACallHolds(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{Capacity: 2}, func(ctx context.Context) {
			name, w := watching(t, "")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				tg.Go(func(ctx context.Context) error {
					return anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
						if got, err := cluster.Call(ctx, c, gives, name); got != name || err != nil {
							t.Error(got, err)
						}
						return nil
					})
				})
				wait(t, ctx, &w.begun)
				tg.Cancel("")
				_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error {
					if n, err := cluster.Call(ctx, c, double, 1); n != 2 || err != nil { // a message later
						t.Error(n, err)
					}
					return nil
				})
				if w.ended.IsSet() {
					t.Error("the function was canceled")
				}
				w.goOn.Set()
			})
		})
	})
}

// It does so whether the caller knows the worker already or not.
func TestStopTravels(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			for _, pause := range []time.Duration{0, 100 * time.Millisecond} {
				name, w := watching(t, pause.String())
				group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
					h := cluster.Go(tg, c, polite, name)
					wait(t, ctx, &w.begun)
					if err := anyio.Sleep(ctx, pause); err != nil {
						t.Error(err)
					}
					tg.Stop("", anyio.Forever)
					if got, err := h.Await(ctx); got != "true true" || err != nil {
						t.Error(got, err)
					}
				})
			}
		})
	})
}

func TestStopWithAGraceCancelsInTheEnd(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		working(t, ctx, c, cluster.Worker{}, func(ctx context.Context) {
			name, w := watching(t, "")
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				cluster.Go(tg, c, hangs, name)
				wait(t, ctx, &w.begun)
				tg.Stop("", 10*time.Millisecond)
			})
			if !w.ended.IsSet() {
				t.Error("it goes on")
			}
		})
	})
}

func TestWorkerThatIsCanceledBreaksItsCalls(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		c, _ := h.join(t, ctx, cluster.Config{})
		member, _ := h.join(t, ctx, cluster.Config{})
		name, w := watching(t, "")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			call := anyio.GoValue(tg, func(ctx context.Context) (string, error) {
				got, err := cluster.Call(ctx, c, hangs, name)
				wantBroken(t, err, "it has ended, and has canceled the call")
				return got, nil
			})
			working(t, ctx, member, cluster.Worker{}, func(ctx context.Context) { wait(t, ctx, &w.begun) })
			if _, err := call.Await(ctx); err != nil {
				t.Error(err)
			}
		})
		nothingLeft(t, ctx, c)
		nothingLeft(t, ctx, member)
	}, onReal)
}

// Calls go to a worker as it is stopped: each is made there, or by the next one.
func TestWorkersThatAreStoppedLoseNoCalls(t *testing.T) {
	t.Parallel()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		h := newHub(t, server.Options{})
		c, _ := h.join(t, ctx, cluster.Config{Lost: patience}) // it may miss each of them for long
		member, nc := h.join(t, ctx, cluster.Config{})
		before := nc.NumSubscriptions()
		over := new(anyio.Event)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				items := make([]int, 150)
				_, err := cluster.Map(ctx, c, double, items, 20)
				over.Set()
				return err
			})
			for i := 0; !over.IsSet(); i++ {
				err := anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						if _, err := anyio.Start(ctx, tg, cluster.Worker{Capacity: 1 + i%3}.Task(member)); err != nil {
							return err
						}
						for range i % 20 {
							if err := lowlevel.Checkpoint(ctx); err != nil {
								return err
							}
						}
						scope.Stop("enough", anyio.Forever)
						return nil
					})
				})
				if err != nil {
					t.Error(err)
				}
			}
		})
		nothingLeft(t, ctx, c)
		nothingLeft(t, ctx, member)
		until(t, ctx, "no subscriptions are left", func() bool { return nc.NumSubscriptions() == before })
	}, onReal)
}

func TestStoppedWorkerLetsItsCallsEnd(t *testing.T) {
	onEach(t, cluster.Config{}, func(t *testing.T, ctx context.Context, c *cluster.Conn) {
		name, w := watching(t, "")
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			call := cluster.Go(tg, c, gives, name)
			tg.Go(func(ctx context.Context) error {
				return anyio.WithCancelScope(ctx, func(ctx context.Context, scope *anyio.CancelScope) error {
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						h := anyio.GoValue(tg, func(ctx context.Context) (bool, error) { return true, cluster.Work(ctx, c, cluster.Worker{}) })
						wait(t, ctx, &w.begun)
						scope.Stop("", anyio.Forever)
						until(t, ctx, "no more are taken", func() bool {
							_, err := cluster.Call(ctx, c, double, 1, cluster.NoWait())
							return errors.Is(err, cluster.ErrNoWorker)
						})
						if w.ended.IsSet() {
							t.Error("the call was ended")
						}
						w.goOn.Set()
						ok, err := h.Await(ctx)
						if !ok || err != nil {
							t.Error(ok, err)
						}
						return nil
					})
				})
			})
			if got, err := call.Await(ctx); got != name || err != nil {
				t.Error(got, err)
			}
		})
	})
}
