package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// Random programs are run on every backend, and their outcomes must be equal.
// The programs are of a class whose outcome does not depend on the schedule: a
// group has at most one task that ends it early (a bomb, a canceler), and that
// one strikes when all its siblings wait, which it knows from events; deadlines
// are either long past or far away.

// progRun is one run of a program. Its log is a set.
type progRun struct {
	mu  sync.Mutex
	log []string
	t   *testing.T
}

func (pr *progRun) note(format string, args ...any) {
	pr.mu.Lock()
	pr.log = append(pr.log, fmt.Sprintf(format, args...))
	pr.mu.Unlock()
}

// tree writes an error so that equal trees are equal texts, order apart.
func tree(err error) string {
	switch e := err.(type) {
	case nil:
		return "ok"
	case *anyio.GroupError:
		var subs []string
		for _, sub := range e.Unwrap() {
			subs = append(subs, tree(sub))
		}
		slices.Sort(subs)
		return "group(" + strings.Join(subs, ",") + ")"
	case *anyio.PanicError:
		return fmt.Sprintf("panic(%v,%s)", e.Value, tree(e.Group))
	case interface{ Unwrap() []error }:
		var subs []string
		for _, sub := range e.Unwrap() {
			subs = append(subs, tree(sub))
		}
		return "join(" + strings.Join(subs, ",") + ")"
	case *anyio.TimeoutError:
		return "timeout"
	case *anyio.CanceledError:
		return "canceled"
	}
	return err.Error()
}

func (pr *progRun) run(ctx context.Context, p *prog) (err error) {
	defer func() { pr.note("%d ends: %s", p.id, tree(err)) }()
	d := time.Hour
	if p.past {
		d = 0
	}
	child := func(ctx context.Context) error { return pr.run(ctx, p.children[0]) }
	switch p.kind {
	case progReturn:
		return anyio.Sleep(ctx, 0)
	case progWait:
		return anyio.SleepForever(ctx)
	case progCleanup:
		err := anyio.SleepForever(ctx)
		_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { return anyio.Sleep(ctx, 0) })
		return err
	case progIgnore:
		_ = anyio.SleepForever(ctx)
		return nil
	case progReplace:
		_ = anyio.SleepForever(ctx)
		return fmt.Errorf("error of %d", p.id)
	case progFail:
		return fmt.Errorf("failure of %d", p.id)
	case progPanic:
		panic(fmt.Sprint("panic of ", p.id))
	case progTimeout:
		return anyio.FailAfter(ctx, d, child)
	case progMoveOn:
		timedOut, err := anyio.MoveOnAfter(ctx, d, child)
		pr.note("%d timed out: %v", p.id, timedOut)
		return err
	case progShield:
		return anyio.Shielded(ctx, anyio.Forever, child)
	case progScope, progSelfScope:
		var kept *anyio.CancelScope
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			kept = s
			if p.kind == progSelfScope {
				s.Cancel("by itself")
			}
			return child(ctx)
		})
		pr.note("%d caught: %v", p.id, kept.CancelCaught())
		return err
	case progSeq:
		return errors.Join(child(ctx), pr.run(ctx, p.children[1]))
	case progStart:
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			v, err := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
				if err := child(ctx); err != nil {
					return err
				}
				started(p.id)
				return nil
			})
			pr.note("%d started: %d, %s", p.id, v, tree(err))
			return pr.run(ctx, p.children[1])
		})
	case progGroup:
		return pr.group(ctx, p)
	}
	return fmt.Errorf("no such kind: %d", p.kind)
}

// group runs a group. The one that strikes is called when the others have had
// their time: in the body, after everything in the run has come to rest.
func (pr *progRun) group(ctx context.Context, p *prog) (err error) {
	defer func() {
		// Panics end here, so that programs go on after them.
		if v := recover(); v != nil {
			err = errors.New("recovered " + tree(v.(error)))
		}
	}()
	last := p.children[len(p.children)-1]
	strikes := last.kind == progFail || last.kind == progPanic || last.kind == progCancel
	var kept *anyio.TaskGroup
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		kept = tg
		for _, c := range p.children {
			if c != last || !strikes {
				tg.Go(func(ctx context.Context) error {
					err := pr.run(ctx, c)
					if !strikes && !errors.Is(err, anyio.ErrCanceled) {
						return nil // a failure would meet siblings that have not begun
					}
					return err
				})
			}
		}
		if !strikes {
			return nil
		}
		_ = anyio.Shielded(ctx, anyio.Forever, func(ctx context.Context) error { testkit.Settled(pr.t, ctx); return nil })
		if last.kind == progCancel {
			tg.Cancel("struck")
		} else {
			tg.Go(func(ctx context.Context) error { return pr.run(ctx, last) })
		}
		return nil
	})
	pr.note("%d caught: %v", p.id, kept.CancelCaught())
	return err
}

// outcome runs a program on a backend and tells all that happened, sorted.
func outcome(t *testing.T, p *prog, b anyio.Backend) string {
	pr := &progRun{t: t}
	err := anyio.Run(context.Background(), func(ctx context.Context) error { return pr.run(ctx, p) }, anyio.On(b), anyio.OnPanic(testkit.Quiet))
	pr.note("run: %s", tree(err))
	slices.Sort(pr.log)
	return strings.Join(pr.log, "\n")
}

func (p *prog) String() string {
	var subs []string
	for _, c := range p.children {
		subs = append(subs, c.String())
	}
	return fmt.Sprintf("%d:%d/%v(%s)", p.id, p.kind, p.past, strings.Join(subs, " "))
}

func TestBackendsAgreeOnRandomPrograms(t *testing.T) {
	n := uint64(2000)
	if testing.Short() || race.Enabled {
		n = 200
	}
	kinds := map[progKind]int{}
	for seed := range n {
		g := &progGen{r: rand.New(rand.NewPCG(seed, 5))}
		p := g.finite(4)
		want := outcome(t, p, sim.New(sim.Config{Seed: 1}))
		for name, b := range map[string]anyio.Backend{
			"sim/seed=2": sim.New(sim.Config{Seed: 2}), "sim/seed=3": sim.New(sim.Config{Seed: 3}),
			"eventloop": anyio.EventLoop(), "parallel": anyio.Parallel(),
		} {
			if got := outcome(t, p, b); got != want {
				t.Fatalf("program %d: %v\n--- sim/seed=1\n%s\n--- %s\n%s", seed, p, want, name, got)
			}
		}
		kinds[p.kind]++
	}
	if len(kinds) < 8 {
		t.Errorf("too few kinds of programs: %v", kinds)
	}
}
