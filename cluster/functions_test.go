package cluster_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/process"
)

// Functions that the tests call.
var (
	empty  = process.Register("empty", func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })
	double = process.Register("double", func(_ context.Context, n int) (int, error) { return 2 * n, nil })
	fails  = process.Register("fails", func(_ context.Context, text string) (int, error) {
		return 0, fmt.Errorf("%s: %w", text, io.ErrUnexpectedEOF)
	})
	panics = process.Register("panics", func(_ context.Context, text string) (int, error) { panic(text) })
	// panicsDeep panics in a group of its own.
	panicsDeep = process.Register("panics deep", func(ctx context.Context, text string) (int, error) {
		return 0, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { panicHere(text); return nil })
			return anyio.SleepForever(ctx)
		})
	})
	exits = process.Register("exits", func(context.Context, int) (int, error) { runtime.Goexit(); return 0, nil })
	// long returns a text of that length, or an error with it.
	long = process.Register("long", func(_ context.Context, n int) (string, error) {
		if n < 0 {
			return "", errors.New(strings.Repeat("x", -n))
		}
		return strings.Repeat("x", n), nil
	})
	// Its name is as long as a subject's part may be, and longer as it is written there.
	named = process.Register(strings.Repeat("名 ", 100), func(_ context.Context, n int) (int, error) { return n, nil })

	same   = process.Register("same", func(_ context.Context, v any) (any, error) { return v, nil })
	sameOf = process.Register("same of", func(_ context.Context, v *things) (*things, error) { return v, nil })
	maps   = process.Register("maps", func(_ context.Context, m map[string][]int) (map[string][]int, error) { return m, nil })
	cycles = process.Register("cycles", func(_ context.Context, n int) (*ring, error) {
		r := &ring{N: n}
		r.Next = r
		return r, nil
	})
	takesRing = process.Register("takes ring", func(_ context.Context, r *ring) (int, error) { return r.N, nil })
	cancels   = process.Register("cancels", func(context.Context, int) (int, error) { return 0, context.Canceled })
	// left returns how much time there is until the deadline.
	left = process.Register("left", func(ctx context.Context, _ int) (time.Duration, error) {
		deadline, ok := anyio.EffectiveDeadline(ctx)
		if !ok {
			return -1, nil
		}
		return deadline.Sub(anyio.Now(ctx)), nil
	})

	sleeps = process.Register("sleeps", func(ctx context.Context, d time.Duration) (int, error) { return 0, anyio.Sleep(ctx, d) })

	// hangs waits until it is canceled, and says how it goes.
	hangs = process.Register("hangs", func(ctx context.Context, name string) (string, error) {
		w := watched(name)
		w.count.Add(1)
		w.begun.Set()
		defer w.ended.Set()
		return "", anyio.SleepForever(ctx)
	})
	// gives waits for the event of its name, and returns the name.
	gives = process.Register("gives", func(ctx context.Context, name string) (string, error) {
		w := watched(name)
		w.count.Add(1)
		w.begun.Set()
		err := w.goOn.Wait(ctx)
		w.ended.Set()
		return name, err
	})
	// stubborn returns after its event, canceled or not.
	stubborn = process.Register("stubborn", func(ctx context.Context, name string) (string, error) {
		w := watched(name)
		w.begun.Set()
		defer w.ended.Set()
		return name, anyio.Shielded(ctx, anyio.Forever, w.goOn.Wait)
	})
	// polite returns when it is asked to end by itself.
	polite = process.Register("polite", func(ctx context.Context, name string) (string, error) {
		w := watched(name)
		w.begun.Set()
		defer w.ended.Set()
		stopped, err := anyio.MoveOnStop(ctx, anyio.SleepForever)
		return fmt.Sprint(stopped, anyio.Stopping(ctx)), err
	})
)

func panicHere(text string) { panic(text) }

type things struct {
	A int
	B *string
	C map[string]any
	D []byte
}

type ring struct {
	N    int
	Next *ring
}

// A watch is what a test and a function of it share, as they are in one process.
type watch struct {
	begun, goOn, ended anyio.Event
	count              atomic.Int32
}

var (
	watchesMu sync.Mutex
	byName    = map[string]*watch{}
)

// watched returns the watch of a name, which is the test's and the backend's.
func watched(name string) *watch {
	watchesMu.Lock()
	defer watchesMu.Unlock()
	if byName[name] == nil {
		byName[name] = &watch{}
	}
	return byName[name]
}

// watching returns the watch of a call in a test, and the name by which the function finds
// it; nothing is left of others of that name.
func watching(t *testing.T, what string) (string, *watch) {
	name := t.Name() + " " + what
	watchesMu.Lock()
	delete(byName, name)
	watchesMu.Unlock()
	return name, watched(name)
}
