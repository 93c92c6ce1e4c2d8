package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/osthread"
)

// Wherever the cancellation comes: what was taken is given back once, and a call
// that has begun returns its result.
func TestCancelingBlockingCallsAnywhereLosesNoToken(t *testing.T) {
	for name, opts := range map[string][]anyio.BlockingOption{"kept": nil, "abandonable": {anyio.AbandonOnCancel()}} {
		t.Run(name, func(t *testing.T) {
			anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
				limiter := anyio.NewCapacityLimiter(2)
				opts := append([]anyio.BlockingOption{anyio.Limiter(limiter)}, opts...)
				var begun, returned atomic.Int32
				call := func(ctx context.Context) error {
					v, err := anyio.RunBlockingValue(ctx, func() (int, error) {
						return int(begun.Add(1)), anyio.Sleep(context.WithoutCancel(ctx), 1) // the others queue meanwhile
					}, opts...)
					if v != 0 {
						returned.Add(1)
					}
					return err
				}
				return anyiotest.Scenario{
					Body: func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							for range 5 {
								tg.Go(call)
							}
							return call(ctx)
						})
					},
					Check: func(ctx context.Context, err error) error {
						if err != nil || begun.Load() != returned.Load() {
							return fmt.Errorf("%w: %d calls have begun, %d have returned their result", err, begun.Load(), returned.Load())
						}
						return allTokensFree(limiter)
					},
				}
			})
		})
	}
}

// allTokensFree takes and returns every token of an idle limiter.
func allTokensFree(l *anyio.CapacityLimiter) error {
	if st := l.Statistics(); st.BorrowedTokens != 0 || st.TasksWaiting != 0 || len(st.Borrowers) != 0 {
		return fmt.Errorf("afterwards: %+v", st)
	}
	for i := range l.TotalTokens() {
		if err := l.TryAcquireOnBehalfOf(i); err != nil {
			return fmt.Errorf("token %d: %w", i, err)
		}
	}
	if err := l.TryAcquireOnBehalfOf(-1); !errors.Is(err, anyio.ErrWouldBlock) {
		return fmt.Errorf("one token too many: %w", err)
	}
	for i := range l.TotalTokens() {
		l.ReleaseOnBehalfOf(i)
	}
	return nil
}

func TestCancelingCallsOnOSThreadsAnywhereFreesTheThread(t *testing.T) {
	anyiotest.CancelEverywhere(t, func() anyiotest.Scenario {
		threads := osthread.NewPool(1)
		begun := 0 // the thread orders the calls
		var returned atomic.Int32
		call := func(ctx context.Context) error {
			v, err := anyio.RunBlockingValue(ctx, func() (int, error) { begun++; return begun, nil }, osthread.On(threads))
			if v != 0 {
				returned.Add(1)
			}
			return err
		}
		return anyiotest.Scenario{
			Body: func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for range 3 {
						tg.Go(call)
					}
					return call(ctx)
				})
			},
			Check: func(ctx context.Context, err error) error {
				defer threads.Close(ctx)
				if err != nil || begun != int(returned.Load()) {
					return fmt.Errorf("%w: %d calls have begun, %d have returned their result", err, begun, returned.Load())
				}
				before := begun
				if err := call(ctx); err != nil || begun != before+1 {
					return fmt.Errorf("%w: the thread is not free", err)
				}
				return nil
			},
		}
	})
}
