package anyio_test

import (
	"context"
	"slices"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
)

const (
	holdsAlready = "this borrower is already holding one of this CapacityLimiter's tokens"
	waitsAlready = "this borrower is already waiting for one of this CapacityLimiter's tokens"
	holdsNone    = "this borrower isn't holding any of this CapacityLimiter's tokens"
)

func wantTokens(t *testing.T, l *anyio.CapacityLimiter, borrowed, available int) {
	t.Helper()
	equal(t, "borrowed tokens", l.BorrowedTokens(), borrowed)
	equal(t, "available tokens", l.AvailableTokens(), available)
}

// borrowers starts a task for each number from 1 to n, which waits for a token on
// behalf of it.
func borrowers(t *testing.T, ctx context.Context, tg *anyio.TaskGroup, l *anyio.CapacityLimiter, n int) []*anyio.TaskHandle {
	t.Helper()
	var handles []*anyio.TaskHandle
	for i := range n {
		handles = append(handles, tg.Go(func(ctx context.Context) error {
			return l.AcquireOnBehalfOf(ctx, i+1)
		}))
		testkit.Settled(t, ctx)
	}
	return handles
}

func TestLimiterArguments(t *testing.T) {
	const text = "the total of a CapacityLimiter must be >= 0"
	wantPanic(t, text, func() { anyio.NewCapacityLimiter(-1) })
	l := anyio.NewCapacityLimiter(1)
	wantPanic(t, text, func() { l.SetTotalTokens(-1) })
	equal(t, "total", l.TotalTokens(), 1)
	equal(t, "total", anyio.NewCapacityLimiter(0).TotalTokens(), 0)
}

func TestLimiterUnlimited(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(anyio.Unlimited)
		for i := range 1000 {
			must(t, l.AcquireOnBehalfOf(ctx, i))
		}
		wantTokens(t, l, 1000, anyio.Unlimited)
	})
}

func TestLimiterZeroTokens(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var l anyio.CapacityLimiter
		testkit.WantErr(t, l.TryAcquire(), anyio.ErrWouldBlock)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			borrowers(t, ctx, tg, &l, 1)
			l.SetTotalTokens(1)
			wantTokens(t, &l, 1, 0)
		})
		l.ReleaseOnBehalfOf(1)
	})
}

func TestLimiterExcludes(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		inside, most := 0, 0
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for range 10 {
				tg.Go(func(ctx context.Context) error {
					return l.Do(ctx, func(ctx context.Context) error {
						inside++
						most = max(most, inside)
						wantTokens(t, l, 1, 0)
						err := anyio.Sleep(ctx, 0)
						inside--
						return err
					})
				})
			}
		})
		equal(t, "tasks inside at once", most, 1)
		wantTokens(t, l, 0, 1)
	})
}

func TestLimiterBorrowedTwice(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(3)
		must(t, l.Acquire(ctx))
		wantMisuseText(t, l.Acquire(ctx), holdsAlready)
		wantMisuseText(t, l.TryAcquire(), holdsAlready)
		must(t, l.AcquireOnBehalfOf(ctx, "x"))
		wantMisuseText(t, l.AcquireOnBehalfOf(ctx, "x"), holdsAlready)
		wantMisuseText(t, l.TryAcquireOnBehalfOf("x"), holdsAlready)
		must(t, l.TryAcquireOnBehalfOf("y"))
		wantTokens(t, l, 3, 0)
		l.Release()
	})
}

func TestLimiterReleasedInVain(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		wantPanic(t, holdsNone, l.Release)
		wantPanic(t, holdsNone, func() { l.ReleaseOnBehalfOf("x") })
		must(t, l.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(ctx context.Context) error {
				wantPanic(t, holdsNone, l.Release) // the token is another task's
				return nil
			})
			tg.Go(func(ctx context.Context) error { return l.AcquireOnBehalfOf(ctx, "w") })
			testkit.Settled(t, ctx)
			wantPanic(t, holdsNone, func() { l.ReleaseOnBehalfOf("w") }) // it waits only
			l.Release()
		})
		wantPanic(t, holdsNone, l.Release)
		wantTokens(t, l, 1, 0)
	})
}

func TestLimiterUselessBorrowers(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		const isNil, uncomparable = "the borrower of a CapacityLimiter's token is nil", "the borrower of a CapacityLimiter's token is a []int"
		wantMisuseText(t, l.AcquireOnBehalfOf(ctx, nil), isNil)
		wantMisuseText(t, l.TryAcquireOnBehalfOf([]int{1}), uncomparable)
		wantPanic(t, uncomparable, func() { l.ReleaseOnBehalfOf([]int{1}) })
		wantMisuseText(t, l.AcquireOnBehalfOf(ctx, struct{ v any }{[]int{1}}), "the borrower of a CapacityLimiter's token is a struct")
		wantTokens(t, l, 0, 1)
	})
}

// Another task acquires for a borrower that waits: an error, and the first one
// is not lost.
func TestLimiterSameBorrowerWaitsTwice(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		must(t, l.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			borrowers(t, ctx, tg, l, 1)
			wantMisuseText(t, l.AcquireOnBehalfOf(ctx, 1), waitsAlready)
			wantMisuseText(t, l.TryAcquireOnBehalfOf(1), waitsAlready)
			equal(t, "waiting", l.Statistics().TasksWaiting, 1)
			l.Release()
		})
		wantTokens(t, l, 1, 0)
		l.ReleaseOnBehalfOf(1)
		wantTokens(t, l, 0, 1)
	})
}

// Once its first wait is canceled a borrower may wait again, even if the canceled
// task has not run since.
func TestLimiterBorrowerWaitsAgainAfterCancel(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		must(t, l.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := borrowers(t, ctx, tg, l, 1)
			h[0].Cancel("test")
			testkit.WantErr(t, l.TryAcquireOnBehalfOf(1), anyio.ErrWouldBlock)
			timedOut, err := anyio.MoveOnAfter(ctx, 1, func(ctx context.Context) error {
				return l.AcquireOnBehalfOf(ctx, 1)
			})
			must(t, err)
			equal(t, "timed out", timedOut, true)
			tg.Go(func(ctx context.Context) error { return l.AcquireOnBehalfOf(ctx, 1) })
			testkit.Settled(t, ctx)
			l.Release()
		})
		st := l.Statistics()
		if !slices.Equal(st.Borrowers, []any{1}) || st.TasksWaiting != 0 {
			t.Errorf("statistics: %+v", st)
		}
	})
}

func TestLimiterRaisingTotalWakesThatMany(t *testing.T) {
	for _, raise := range []int{2, 3, 5} {
		anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
			l := anyio.NewCapacityLimiter(1)
			must(t, l.Acquire(ctx))
			group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
				borrowers(t, ctx, tg, l, 3)
				l.SetTotalTokens(raise)
				got := min(raise, 4)
				wantTokens(t, l, got, raise-got)
				equal(t, "waiting", l.Statistics().TasksWaiting, 4-got)
				l.SetTotalTokens(4)
			})
			if st := l.Statistics(); !slices.Equal(st.Borrowers[1:], []any{1, 2, 3}) {
				t.Errorf("borrowers: %v", st.Borrowers)
			}
			l.Release()
		})
	}
}

// Lowered below what is borrowed and raised again: nobody gets a token until
// fewer are borrowed than there are.
func TestLimiterLoweredThenRaisedDoesNotOvergrant(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(3)
		for _, b := range []string{"a", "b", "c"} {
			must(t, l.AcquireOnBehalfOf(ctx, b))
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			borrowers(t, ctx, tg, l, 1)
			l.SetTotalTokens(1)
			wantTokens(t, l, 3, -2)
			l.SetTotalTokens(2)
			wantTokens(t, l, 3, -1)
			l.ReleaseOnBehalfOf("a")
			wantTokens(t, l, 2, 0)
			equal(t, "waiting", l.Statistics().TasksWaiting, 1)
			l.ReleaseOnBehalfOf("b")
			wantTokens(t, l, 2, 0)
			equal(t, "waiting", l.Statistics().TasksWaiting, 0)
		})
	})
}

func TestLimiterServesInOrder(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		must(t, l.Acquire(ctx))
		var order []int
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			for i := range 6 {
				tg.Go(func(ctx context.Context) error {
					return l.Do(ctx, func(context.Context) error {
						order = append(order, i)
						return nil
					})
				})
				testkit.Settled(t, ctx)
			}
			l.Release()
		})
		if !slices.IsSorted(order) || len(order) != 6 {
			t.Errorf("served in the order %v", order)
		}
	})
}

func TestLimiterCanceledWaiterPassesTheTokenOn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		must(t, l.Acquire(ctx))
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := borrowers(t, ctx, tg, l, 2)
			h[0].Cancel("test")
			l.Release()
			must(t, h[1].Await(ctx))
		})
		if st := l.Statistics(); !slices.Equal(st.Borrowers, []any{2}) || st.TasksWaiting != 0 || st.BorrowedTokens != 1 {
			t.Errorf("statistics: %+v", st)
		}
	})
}

func TestLimiterCanceledAfterTheGrant(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		must(t, l.Acquire(ctx))
		err := error(anyio.ErrWouldBlock)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			h := tg.Go(func(ctx context.Context) error {
				if err = l.Acquire(ctx); err == nil {
					wantTokens(t, l, 1, 0)
					l.Release()
				}
				return err
			})
			testkit.Settled(t, ctx)
			l.Release()
			h.Cancel("test")
		})
		must(t, err)
		wantTokens(t, l, 0, 1)
	})
}

func TestLimiterTryAcquireDoesNotBargeIn(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		must(t, l.TryAcquire())
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			tg.Go(func(context.Context) error {
				testkit.WantErr(t, l.TryAcquire(), anyio.ErrWouldBlock)
				return nil
			})
			testkit.Settled(t, ctx)
			borrowers(t, ctx, tg, l, 1)
			l.Release()
			testkit.WantErr(t, l.TryAcquire(), anyio.ErrWouldBlock)
			testkit.WantErr(t, l.TryAcquireOnBehalfOf("x"), anyio.ErrWouldBlock)
			wantTokens(t, l, 1, 0)
		})
	})
}

func TestLimiterStatistics(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(3)
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			var release anyio.Event
			must(t, l.AcquireOnBehalfOf(ctx, "first"))
			tg.Go(func(ctx context.Context) error { return l.Do(ctx, release.Wait) }, anyio.Name("second"))
			testkit.Settled(t, ctx)
			must(t, l.AcquireOnBehalfOf(ctx, 3))
			borrowers(t, ctx, tg, l, 1)
			st := l.Statistics()
			equal(t, "borrowed", st.BorrowedTokens, 3)
			equal(t, "total", st.TotalTokens, 3)
			equal(t, "waiting", st.TasksWaiting, 1)
			if task, ok := st.Borrowers[1].(anyio.TaskInfo); !ok || task.Name != "second" {
				t.Errorf("borrowing task: %v", st.Borrowers[1])
			}
			if st.Borrowers[0] != "first" || st.Borrowers[2] != 3 {
				t.Errorf("borrowers: %v", st.Borrowers)
			}
			release.Set()
		})
	})
}

func TestLimiterInCanceledScope(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		inCanceledScope(t, ctx, func(ctx context.Context) {
			testkit.WantErr(t, l.Acquire(ctx), anyio.ErrCanceled)
			testkit.WantErr(t, l.AcquireOnBehalfOf(ctx, 1), anyio.ErrCanceled)
			testkit.WantErr(t, l.Do(ctx, func(context.Context) error { return nil }), anyio.ErrCanceled)
			must(t, l.TryAcquire())
			l.Release()
		})
		wantTokens(t, l, 0, 1)
	})
}

func TestLimiterDoReleases(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l := anyio.NewCapacityLimiter(1)
		testkit.WantErr(t, l.Do(ctx, func(context.Context) error { return testkit.ErrBoom }), testkit.ErrBoom)
		func() {
			defer func() { equal(t, "panic", recover(), any("ouch")) }()
			_ = l.Do(ctx, func(context.Context) error { panic("ouch") })
		}()
		wantTokens(t, l, 0, 1)
	})
}

func TestLimiterWithForeignContexts(t *testing.T) {
	l := anyio.NewCapacityLimiter(1)
	must(t, l.Acquire(context.Background()))
	ctx, cancel := context.WithCancel(context.Background())
	errs := make(chan error)
	go func() { errs <- l.Acquire(ctx) }()
	for l.Statistics().TasksWaiting == 0 {
		must(t, anyio.Sleep(context.Background(), 0))
	}
	cancel()
	testkit.WantErr(t, <-errs, context.Canceled)
	l.Release()
	wantTokens(t, l, 0, 1)
}
