package vars_test

import (
	"context"
	"encoding/json"
	"errors"
	"expvar"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect/vars"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

func TestMain(m *testing.M) {
	vars.Publish()
	vars.Publish() // once more
	os.Exit(anyiotest.Main(m))
}

// numbers is what the variable tells.
type numbers struct {
	Runs, Waits, Longer map[string]int
	Tasks               map[string]int64
	Loops               []struct {
		Run  uint64
		Loop int
		Late struct{ Times, SumNs, MaxNs int64 }
	}
}

func read(t *testing.T) (n numbers) {
	t.Helper()
	if err := json.Unmarshal([]byte(expvar.Get("anyio").String()), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestNumbersOfTasks(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		before := read(t)
		more := func(want map[string]int64) {
			t.Helper()
			now := read(t)
			for what, n := range want {
				if got := now.Tasks[what] - before.Tasks[what]; got != n {
					t.Errorf("%s: %d more, want %d", what, got, n)
				}
			}
		}
		if before.Runs[testkit.BackendOf(ctx)] == 0 {
			t.Errorf("there is a run on %s, got %v", testkit.BackendOf(ctx), before.Runs)
		}
		var set anyio.Event
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 3 {
				tg.Go(set.Wait)
			}
			forever := tg.Go(anyio.SleepForever)
			testkit.Settled(t, ctx)
			more(map[string]int64{"began": 4, "waiting": 4, "ready": 0, "finished": 0})
			if now := read(t); now.Waits["Event.Wait"]-before.Waits["Event.Wait"] != 3 {
				t.Errorf("three wait for an Event, got %v after %v", now.Waits, before.Waits)
			}
			set.Set()
			forever.Cancel("enough")
			return nil
		})
		testkit.WantNil(t, "group", err)
		more(map[string]int64{"began": 4, "waiting": 0, "finished": 3, "canceled": 1, "failed": 0})
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { return testkit.ErrBoom })
			return nil
		})
		if !errors.Is(err, testkit.ErrBoom) {
			t.Error(err)
		}
		more(map[string]int64{"began": 5, "failed": 1})
	})
}

// How long tasks have waited is told by the clock of their run.
func TestNumbersOfLongWaits(t *testing.T) {
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(anyio.SleepForever)
			testkit.Settled(t, ctx)
			if err := anyio.Sleep(ctx, 30*time.Second); err != nil {
				return err
			}
			tg.Go(anyio.SleepForever)
			testkit.Settled(t, ctx)
			if err := anyio.Sleep(ctx, 2*time.Second); err != nil {
				return err
			}
			if got := read(t).Longer; got["1s"] != 2 || got["10s"] != 1 || got["1m"] != 0 {
				t.Errorf("got %v", got)
			}
			tg.Cancel("done")
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	testkit.WantNil(t, "Run", err)
}

// A loop that is held up is late, and forgotten when its run has ended.
func TestNumbersOfLoops(t *testing.T) {
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Millisecond) })
			testkit.Settled(t, ctx)
			for begun := time.Now(); time.Since(begun) < 3*time.Millisecond; { // and no other task runs
			}
			if err := h.Wait(ctx); err != nil {
				return err
			}
			loops := read(t).Loops
			if len(loops) != 1 || loops[0].Run == 0 || loops[0].Loop != 0 {
				t.Errorf("got %+v", loops)
				return nil
			}
			if late := loops[0].Late; late.Times < 1 || late.MaxNs < int64(time.Millisecond) || late.SumNs < late.MaxNs {
				t.Errorf("got %+v", late)
			}
			return nil
		})
	}, anyio.On(anyio.EventLoop()))
	testkit.WantNil(t, "Run", err)
	if loops := read(t).Loops; len(loops) != 0 {
		t.Errorf("after the run: %+v", loops)
	}
}

func ExamplePublish() {
	vars.Publish() // now /debug/vars has it, where package net/http serves http.DefaultServeMux
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		var n numbers
		err := json.NewDecoder(strings.NewReader(expvar.Get("anyio").String())).Decode(&n)
		fmt.Println(n.Runs, n.Tasks["ready"], err)
		return nil
	}, anyio.On(anyio.EventLoop()))
	// Output: map[eventloop:1] 1 <nil>
}
