//go:build unix

// Package outcome has no code: its tests hold over all packages at once. They say that
// who decides a wait first, decides its error.
package outcome_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/process"
)

func TestMain(m *testing.M) {
	process.WorkerMain()
	os.Exit(anyiotest.Main(m))
}

var rounds = flag.Int("rounds", 0, "rounds of each case; 0 means a few hundred")

// A wait is a call that blocks, and what ends it other than a cancellation.
type wait struct {
	call func(ctx context.Context) error
	// end is what another task does: it closes the resource, or grants what is waited for.
	end func(ctx context.Context)
	// free releases the rest, after the call has returned; may be nil.
	free func(ctx context.Context)
	// begun is set by a call that runs code which waits for something else than tasks do.
	begun *anyio.Event
	// last is what the call waits for in the end, if it waits for other things before.
	last string
}

// A kind is one call of one resource.
type kind struct {
	name string
	make func(b *bench) wait
	// want is the error of the call that end has ended; nil that of a grant.
	want error
	// only is the backends on which it means something, all if empty.
	only string
	// few is said of what takes long to make.
	few bool
	// unended is said of a call that nothing but a cancellation ends, or of which nobody
	// can tell from here whether it waits already.
	unended bool
	// news is said of a call that is ended by what the system tells, at a time of its own.
	news bool
	// several is said of what calls again and again until a call waits. Nobody can tell
	// on other cores whether it does, or is just between two calls.
	several bool
	// kept is said of a call that a cancellation does not interrupt.
	kept bool
	// late is said of a call whose function, elsewhere, hears of the cancellation some
	// time after. What ends it first decides; so it is not ended in that time.
	late bool
}

// A bench is what a kind needs to make a wait.
type bench struct {
	t       *testing.T
	ctx     context.Context
	dir     string
	backend string
}

// waits returns when the call waits.
func (b *bench) waits(ctx context.Context, w wait) error {
	if w.begun != nil {
		if err := w.begun.Wait(ctx); err != nil || w.last == "" {
			return err
		}
	}
	for {
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil || w.last == "" {
			return err
		}
		if slices.ContainsFunc(anyio.RunningTasks(ctx), func(i anyio.TaskInfo) bool { return i.WaitsFor == w.last }) {
			return nil
		}
	}
}

// news lets the call hear what the system tells, if it tells soon.
func (b *bench) news(ctx context.Context) error {
	if b.backend == "sim" {
		return anyio.Sleep(ctx, time.Second)
	}
	for range 200 {
		if err := lowlevel.Checkpoint(ctx); err != nil {
			return err
		}
	}
	return nil
}

func backendOf(t *testing.T, ctx context.Context) string {
	token, err := lowlevel.CurrentToken(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return token.Backend()
}

func must[T any](b *bench) func(v T, err error) T {
	return func(v T, err error) T {
		b.t.Helper()
		if err != nil {
			b.t.Fatal(err)
		}
		return v
	}
}

func (b *bench) check(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

var errThird = errors.New("a third task failed")

// An order is who ends a wait, and when.
type order struct {
	name string
	run  func(b *bench, k kind, w wait) (call, group error)
	// check tells what is wrong with the outcome, "" if nothing is.
	check func(k kind, call, group error) string
	ends  bool // the call is ended, and not canceled
	fails bool // it means something for calls that are ended by a failure; then nothing is left to chance
}

var orders = []order{
	{name: "canceled first", run: canceledFirst, check: wantCanceled},
	{name: "ended first", run: endedFirst, check: wantEnded, ends: true},
	{name: "ended while it is canceled", run: endedMeanwhile, check: wantCanceled, fails: true},
	{name: "a third task fails", run: thirdFails, check: wantThird},
}

// canceledFirst cancels the group in which the call waits, and then ends it.
func canceledFirst(b *bench, k kind, w wait) (call, group error) {
	group = anyio.WithTaskGroup(b.ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			call = w.call(ctx)
			return call
		})
		if err := b.waits(ctx, w); err != nil {
			return err
		}
		tg.Cancel("first")
		if !k.late {
			w.end(ctx)
		}
		return nil
	})
	if k.late {
		w.end(b.ctx)
	}
	return call, group
}

func wantCanceled(k kind, call, group error) string {
	if k.kept {
		return wantEnded(k, call, group)
	}
	if !errors.Is(call, anyio.ErrCanceled) || errors.Is(call, anyio.ErrClosed) || group != nil {
		return "want a cancellation, and a group without an error"
	}
	return ""
}

// endedFirst ends the wait of the call, and then cancels it.
func endedFirst(b *bench, _ kind, w wait) (call, group error) {
	group = anyio.WithTaskGroup(b.ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			call = w.call(ctx)
			return nil
		})
		if err := b.waits(ctx, w); err != nil {
			return err
		}
		w.end(ctx)
		tg.Cancel("afterwards")
		return nil
	})
	return call, group
}

func wantEnded(k kind, call, group error) string {
	switch {
	case group != nil:
		return "want a group without an error"
	case k.want == nil && call != nil:
		return "want what was granted"
	case k.want != nil && (!errors.Is(call, k.want) || errors.Is(call, anyio.ErrCanceled)):
		return fmt.Sprintf("want %v", k.want)
	}
	return ""
}

// A slowContext is canceled before it tells.
type slowContext struct {
	context.Context
	canceled atomic.Bool
	done     chan struct{}
}

func (c *slowContext) Done() <-chan struct{} { return c.done }

func (c *slowContext) Err() error {
	if c.canceled.Load() {
		return context.Canceled
	}
	return nil
}

// endedMeanwhile ends the wait of the call when its context is canceled, but has told
// nobody yet.
func endedMeanwhile(b *bench, k kind, w wait) (call, group error) {
	group = anyio.WithTaskGroup(b.ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		slow := &slowContext{Context: ctx, done: make(chan struct{})}
		tg.Go(func(ctx context.Context) error {
			call = w.call(slow)
			return nil
		})
		if err := b.waits(ctx, w); err != nil {
			return err
		}
		slow.canceled.Store(true)
		if !k.late {
			w.end(ctx)
		}
		if k.news {
			if err := b.news(ctx); err != nil {
				return err
			}
		}
		close(slow.done)
		return nil
	})
	if k.late {
		w.end(b.ctx)
	}
	return call, group
}

// thirdFails lets another task of the group fail, whose host then ends the wait on its
// way out, as by a deferred Close. The two tasks that are canceled may run on two cores.
func thirdFails(b *bench, _ kind, w wait) (call, group error) {
	group = anyio.WithTaskGroup(b.ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer w.end(ctx)
		var fail anyio.Event
		tg.Go(func(ctx context.Context) error {
			if err := fail.Wait(ctx); err != nil {
				return err
			}
			return errThird
		})
		tg.Go(func(ctx context.Context) error {
			call = w.call(ctx)
			return call
		})
		if err := b.waits(ctx, w); err != nil {
			return err
		}
		fail.Set()
		return anyio.SleepForever(ctx)
	})
	return call, group
}

func wantThird(k kind, call, group error) string {
	if (k.want != nil || k.news) && !errors.Is(call, anyio.ErrCanceled) && !k.kept {
		return "want a cancellation"
	}
	var g *anyio.GroupError
	if !errors.As(group, &g) || len(g.Unwrap()) != 1 || !errors.Is(group, errThird) || errors.Is(group, anyio.ErrClosed) {
		return "want a group that tells of the third task alone"
	}
	return ""
}

// TestWhoDecidesFirst plays every call that blocks through both orders, and through the
// one that programs meet at their end: a task fails, and another closes what a third
// waits for.
func TestWhoDecidesFirst(t *testing.T) {
	dir, err := os.MkdirTemp("", "o") // UNIX sockets have short paths
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		b := &bench{t, ctx, dir, backendOf(t, ctx)}
		for _, k := range kinds() {
			if k.only != "" && !strings.Contains(k.only, b.backend) {
				continue
			}
			for _, o := range orders {
				switch {
				case o.ends && k.news:
				case (o.ends || o.fails) && (k.unended || k.several && b.backend == "parallel"):
				case o.fails && k.want == nil && !k.news:
				default:
					k.play(b, o)
				}
			}
		}
	}, anyiotest.Seeds(1))
}

func (k kind) play(b *bench, o order) {
	n := *rounds
	if n == 0 {
		switch n = 100; {
		case testing.Short():
			n = 20
		case race.Enabled: // which is slow, and has more interleavings to itself
			n = 50
		}
	}
	if k.few {
		n /= 20
	}
	switch b.backend { // where less is left to chance
	case "eventloop":
		n /= 2
	case "sim":
		n /= 20
	}
	if n = max(n, 3); o.fails {
		n = 3
	}
	bad, why := 0, ""
	for range n {
		w := k.make(b)
		call, group := o.run(b, k, w)
		if w.free != nil {
			w.free(b.ctx)
		}
		if wrong := o.check(k, call, group); wrong != "" {
			bad, why = bad+1, fmt.Sprintf("%s: the call's error is %v, the group's %v", wrong, call, group)
		}
	}
	if bad > 0 {
		b.t.Errorf("%s, %s: wrong %d times of %d: %s", k.name, o.name, bad, n, why)
	}
}
