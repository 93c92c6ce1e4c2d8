package anyiotest_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
)

// common is what the tasks of a program share.
type common struct {
	n     atomic.Int64 // so that the race detector has no say
	locks [2]anyio.Lock
}

// bystanders are programs of which two tasks have a bug, beside others.
var bystanders = []struct {
	name string
	run  func(t testing.TB, ctx context.Context, v *common, task int) error
}{
	{"a task fails", func(_ testing.TB, ctx context.Context, v *common, _ int) error {
		old := v.n.Load()
		if err := anyio.Sleep(ctx, 0); err != nil {
			return err
		}
		if v.n.Load() != old {
			return errors.New("an update is lost")
		}
		v.n.Add(1)
		return nil
	}},
	{"a task calls Error", func(t testing.TB, ctx context.Context, v *common, _ int) error {
		old := v.n.Load()
		err := anyio.Sleep(ctx, 0)
		if v.n.Load() != old {
			t.Error("an update is lost")
		}
		v.n.Add(1)
		return err
	}},
	{"a task panics", func(_ testing.TB, ctx context.Context, v *common, _ int) error {
		old := v.n.Load()
		err := anyio.Sleep(ctx, 0)
		if v.n.Load() != old {
			panic("an update is lost")
		}
		v.n.Add(1)
		return err
	}},
	{"deadlock", func(_ testing.TB, ctx context.Context, v *common, task int) error {
		return v.locks[task].Do(ctx, func(ctx context.Context) error {
			return v.locks[1-task].Do(ctx, func(context.Context) error { return nil })
		})
	}},
}

// Of a failing schedule only the tasks run that are needed for the failure, and are shown.
func TestSearchLeavesBystandersOut(t *testing.T) {
	for _, b := range bystanders {
		t.Run(b.name, func(t *testing.T) {
			test := func(t testing.TB, ctx context.Context) {
				var v common
				err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					for i := range 7 {
						if i == 2 || i == 5 {
							tg.Go(func(ctx context.Context) error { return b.run(t, ctx, &v, i/5) }, anyio.Name(fmt.Sprint("culprit ", i)))
							continue
						}
						tg.Go(func(ctx context.Context) error {
							for range 3 {
								if err := anyio.Sleep(ctx, 0); err != nil {
									return err
								}
							}
							return nil
						}, anyio.Name(fmt.Sprint("bystander ", i)))
					}
					return nil
				})
				if err != nil {
					t.Error(err)
				}
			}
			r := newRecorder(t)
			r.run(func() { anyiotest.Search(r, test, anyiotest.Schedules(5000)) })
			text := r.text()
			_, lanes, _ := strings.Cut(text, "what the tasks did")
			lanes, _, _ = strings.Cut(lanes, "page:")
			if strings.Contains(lanes, "bystander") || !strings.Contains(lanes, "culprit 2: ") || !strings.Contains(lanes, "culprit 5: ") || !strings.Contains(lanes, "not run when it failed: 2, 3, 5, 6, 8\n") {
				t.Errorf("bystanders are shown, or others are not:\n%s", text)
			}
			found := replayToken.FindStringSubmatch(text)
			if found == nil {
				t.Fatal("the report has no schedule")
			}
			setFlag(t, "anyio.replay", found[1])
			again := newRecorder(t)
			again.run(func() { anyiotest.Search(again, test) })
			if !again.Failed() || strings.Contains(again.text(), "not the one of the schedule") {
				t.Errorf("the schedule is not followed:\n%s", again.text())
			}
		})
	}
}
