package anyio

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/anyio-go/anyio/internal/bubble"
	"github.com/anyio-go/anyio/internal/eventloop"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/parallel"
	"github.com/anyio-go/anyio/internal/race"
)

// A Backend runs the tasks of a run. Choose one with On: Parallel, EventLoop, EventLoops,
// or one made by package sim. Run refuses those that are implemented outside this module.
type Backend interface {
	// Name returns "parallel", "eventloop", "eventloops" or "sim".
	Name() string
}

// Parallel returns the default backend: each task is a goroutine, on all cores.
func Parallel() Backend { return parallelBackend{} }

// EventLoop returns the backend that runs all tasks of a run on one thread, one at a
// time: no task is interrupted between two blocking calls. The thread may change at these,
// and is not one to which the caller of Run is locked: for what belongs to a certain
// thread see package osthread.
func EventLoop() Backend { return eventLoopBackend{} }

type parallelBackend struct{}

func (parallelBackend) Name() string { return "parallel" }
func (parallelBackend) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	return kernel.NewRun(goroutines, kernel.Traits{}, ctx, cfg), nil
}

// goroutines serves all parallel runs, and everything that is used without one.
var goroutines = parallel.New()

func init() {
	race.Begin()
	kernel.SetAmbient(kernel.NewRun(goroutines, kernel.Traits{}, context.Background(), kernel.Config{}))
}

type eventLoopBackend struct{}

func (eventLoopBackend) Name() string { return "eventloop" }
func (eb eventLoopBackend) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	if err := eb.refusal(); err != nil {
		return nil, err
	}
	b, err := eventloop.New()
	if err != nil {
		return nil, err
	}
	return kernel.NewRun(b, kernel.Traits{Loop: true}, ctx, cfg), nil
}

// refusal says why there can be no loop here.
func (eventLoopBackend) refusal() error {
	if bubble.In() {
		return misuse("an event loop in a bubble of testing/synctest, which cannot know that a loop waits for the system: use Parallel, or package sim in place of the bubble")
	}
	return nil
}

var backends = map[string]func() Backend{
	"parallel": Parallel, "trio": Parallel,
	"eventloop": EventLoop, "asyncio": EventLoop,
	"eventloops": func() Backend { return EventLoops(0) },
}

// Backends lists the names that BackendByName knows, aliases left out.
func Backends() []string {
	var names []string
	for name, mk := range backends {
		if mk().Name() == name {
			names = append(names, name)
		}
	}
	for _, o := range kernel.Offers {
		names = append(names, o.Name)
	}
	slices.Sort(names)
	return names
}

// BackendByName finds a backend for a flag or a configuration file: "parallel"
// (alias "trio"), "eventloop" (alias "asyncio"), "eventloops" with a loop for each
// processor, and "sim" if package sim is linked in.
func BackendByName(name string) (Backend, error) {
	if mk, ok := backends[name]; ok {
		return mk(), nil
	}
	for _, o := range kernel.Offers {
		if o.Name == name {
			return o.Make().(Backend), nil
		}
	}
	hint := ""
	if name == "sim" {
		hint = `; import "github.com/anyio-go/anyio/sim" to link it in`
	}
	return nil, fmt.Errorf("anyio: no such backend: %q (known: %s)%s", name, strings.Join(Backends(), ", "), hint)
}

// A RunOption is an option of Run and RunValue.
type RunOption func(*runOptions)

type runOptions struct {
	backend Backend
	cfg     kernel.Config
}

// On chooses the backend.
func On(b Backend) RunOption { return func(o *runOptions) { o.backend = b } }

// Debug records since when tasks wait and warns of resources that are never
// closed. It costs about 30 ns a wait. On the parallel backend a task that ends with its
// goroutine locked to a thread is an error; to look costs 5 µs a task.
func Debug() RunOption { return func(o *runOptions) { o.cfg.Debug = true } }

// PprofLabels labels the goroutine of each task with the task's name, under the
// key "task", beside the labels of its context, so that profiles can be read by task.
func PprofLabels() RunOption { return func(o *runOptions) { o.cfg.PprofLabels = true } }

// OnPanic sets the function that is called with each panic in a task as soon as it
// happens; the default logs an error of package slog with the stack. It may be called
// from several tasks at once.
func OnPanic(f func(*PanicError)) RunOption {
	handler := func(pe any) { f(pe.(*PanicError)) }
	return func(o *runOptions) { o.cfg.PanicHandler = handler }
}

// PanicGrace sets how long after a task's panic its group may take to end before
// the process crashes with the task's stack; default 5 s. With zero or less it crashes
// at once, with Forever never.
func PanicGrace(d time.Duration) RunOption {
	return func(o *runOptions) { o.cfg.PanicGrace = max(d, 1) } // 0 is the default
}

// defaultHoldLimit is that of asyncio.
const defaultHoldLimit = 100 * time.Millisecond

// HoldLimit sets how long a task of an event loop may keep the loop from all others, by
// computing or by a call that blocks the goroutine, before that is reported; default 100
// ms. A report is a warning of package slog with the task's name, line and stack; there
// is one for each line. (With more than 10,000 goroutines the line and the stack may be
// missing, since reading them takes those of all goroutines.) Times below a millisecond
// count as one; with Forever nothing is reported. It has no effect on the other backends.
func HoldLimit(d time.Duration) RunOption {
	return func(o *runOptions) {
		if o.cfg.HoldLimit = max(d, time.Millisecond); d == Forever {
			o.cfg.HoldLimit = 0
		}
	}
}

// reportHold tells of a task that holds its loop.
func reportHold(h kernel.Hog) {
	defer func() { _ = recover() }() // of the log: nobody else could, on the goroutine of a timer
	slog.Warn("anyio: a task holds up its event loop; give what computes or blocks to RunBlocking",
		"task", h.Task, "for", ">"+h.For.String(), "at", strings.Join(h.Places, " from "), "stack", h.Stack)
}

// MainName names the main task.
func MainName(name string) RunOption { return func(o *runOptions) { o.cfg.Name = name } }

// Run runs main as the first task of a new run and returns its error. When Run returns,
// no task of the run is left; what goroutines outside have started in it is canceled
// when main has ended.
//
// A panic of main, or one that no task group kept, is raised again as a
// *PanicError; runtime.Goexit in main exits the calling goroutine. In a simulated
// run that cannot go on, the error is a *sim.DeadlockError. Run inside a task of a
// loop returns ErrAlreadyRunning.
//
// Cancellation: all tasks of the run are canceled and waited for; the error is that of
// main.
func Run(ctx context.Context, main func(ctx context.Context) error, opts ...RunOption) error {
	if ctx == nil {
		panic(misuse("nil context: pass context.Background()"))
	}
	m := &mainTask{o: runOptions{backend: Parallel(), cfg: kernel.Config{HoldLimit: defaultHoldLimit, OnHog: reportHold}}}
	o := &m.o
	for _, opt := range opts {
		opt(o)
	}
	if o.backend == nil {
		return misuse("nil backend: use On(Parallel()) or On(EventLoop())")
	}
	maker := kernel.MakerOf(o.backend)
	if maker == nil {
		return misuse(fmt.Sprintf("a %T is not a backend of this module: use On(Parallel()), On(EventLoop()), or one of package sim", o.backend))
	}
	if kernel.LoopTask() != nil {
		return ErrAlreadyRunning
	}
	r, err := maker.NewRun(ctx, o.cfg)
	if err != nil {
		return err
	}
	m.meta = kernel.TaskMeta{Name: o.cfg.Name, HasName: o.cfg.Name != "", Runner: m}
	m.t.Prepare(main, kernel.FuncPC(main), &m.meta)
	m.t.OpenMain(r)
	defer func() {
		r.Finish()
		if r.GivenUp() == nil && m.panicked != nil { // also if a task's Goexit has taken this goroutine with it
			m.panicked.with(err).raise()
		}
	}()
	err = r.Backend.Main(&m.t)
	if r.GivenUp() != nil { // and main may still run
		return err
	}
	if m.goexit {
		runtime.Goexit()
	}
	if err == nil {
		err = m.err
	}
	return err
}

// RunValue is like Run but for a function that returns a value. Cancellation: as for Run.
func RunValue[T any](ctx context.Context, main func(ctx context.Context) (T, error), opts ...RunOption) (T, error) {
	var value T
	err := Run(ctx, func(ctx context.Context) (err error) {
		value, err = main(ctx)
		return err
	}, opts...)
	return value, err
}

// A mainTask is the first task of a run, with all that Run needs for it.
type mainTask struct {
	t        kernel.Task
	meta     kernel.TaskMeta
	o        runOptions
	err      error
	panicked *PanicError
	goexit   bool
}

// runEnded cancels what is left of a run when its main task ends.
var runEnded = &kernel.Cause{Kind: kernel.ByEnd, Reason: "the run has ended"}

// RunTask runs main. A Goexit goes on in Run, after the backend has ended.
func (m *mainTask) RunTask(t *kernel.Task) {
	returned := false
	defer func() {
		if v := recover(); v != nil {
			m.panicked = newPanicError(v, t.Name())
		} else {
			m.goexit = !returned
		}
		if t.CloseOpen() && m.err == nil {
			m.err = misuse("the main task ended before a cancel scope or task group opened in it was ended: end what you open")
		}
		if kept := t.Abandon(); kept != nil {
			m.err = withMisuse(m.err, kept)
		}
		t.Scope.Run().Root.Cancel(runEnded) // also what others have opened in the run, see Run
		t.Settle(kernel.Finished, m.err)
		t.Exit()
	}()
	m.err = t.F(&t.Scope)
	returned = true
}

// Rand returns random numbers that the seed decides in the simulator, and that
// nothing decides elsewhere. A program that draws its random numbers here, and
// its time from Now, is repeated exactly by a simulated run. The numbers come
// from one sequence for the whole run; the returned value is for one goroutine.
func Rand(ctx context.Context) *rand.Rand {
	return rand.New(runSource{kernel.Locate(ctx).Run()})
}

type runSource struct{ r *kernel.Run }

// Uint64 draws from the run's sequence, 16 bits at a time.
func (s runSource) Uint64() (v uint64) {
	for range 4 {
		v = v<<16 | uint64(s.r.Rand(1<<16))
	}
	return v
}
