package asyncio_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A sabotage is a function of the user's that fails once, by a panic or by runtime.Goexit,
// and what must come of it.
type sabotage struct {
	t      *testing.T
	ctx    context.Context
	l      *asyncio.Loop
	goexit bool
	failed bool
	cannot bool // be played
	told   []asyncio.ErrorContext
}

// fail is what the function calls.
func (s *sabotage) fail() {
	if s.failed {
		return
	}
	s.failed = true
	if s.goexit {
		runtime.Goexit()
	}
	panic("sabotage")
}

// is reports whether an error tells of the failure.
func (s *sabotage) is(err error) bool {
	var pe *anyio.PanicError
	if errors.As(err, &pe) {
		return !s.goexit && pe.Value == "sabotage"
	}
	return s.goexit && err != nil && strings.Contains(err.Error(), "Goexit")
}

// until lets the loop go on until a condition holds.
func (s *sabotage) until(cond func() bool) { until(s.t, s.ctx, cond) }

// A saboteur plays one sabotage and returns when all is over. quiet says that the exception
// handler is told nothing.
type saboteur struct {
	name  string
	quiet bool
	play  func(s *sabotage)
	needs func(t *testing.T) // skips it where something is missing; may be nil
}

func (c saboteur) skip(t *testing.T) {
	if c.needs != nil {
		c.needs(t)
	}
}

func callbackSaboteurs() []saboteur {
	twice := func(name string, schedule func(s *sabotage, f func())) saboteur {
		return saboteur{name: name, play: func(s *sabotage) {
			next := false
			schedule(s, s.fail)
			schedule(s, func() { next = true })
			s.until(func() bool { return s.failed && next })
		}}
	}
	return []saboteur{
		twice("CallSoon", func(s *sabotage, f func()) { s.l.CallSoon(f) }),
		twice("CallLater", func(s *sabotage, f func()) { s.l.CallLater(time.Microsecond, f) }),
		twice("CallSoonThreadsafe", func(s *sabotage, f func()) { _, _ = s.l.CallSoonThreadsafe(f) }),
		{name: "AddDoneCallback", play: func(s *sabotage) {
			next := false
			f := asyncio.CreateFuture[int](s.l)
			f.AddDoneCallback(s.fail)
			f.AddDoneCallback(func() { next = true })
			_ = f.SetResult(1)
			s.until(func() bool { return next })
		}},
		{name: "signal handler", play: func(s *sabotage) {
			calls := 0
			if runtime.GOOS == "windows" && !testkit.Simulated(s.ctx) {
				s.cannot = true // a process sends itself no signals there
				return
			}
			testkit.Must(s.t, s.l.AddSignalHandler(syscall.SIGHUP, func() { calls++; s.fail() }))
			defer s.l.RemoveSignalHandler(syscall.SIGHUP)
			for i := 1; i <= 2; i++ {
				raise(s.t, s.ctx, syscall.SIGHUP)
				s.until(func() bool { return calls == i })
			}
		}},
		{name: "exception handler", quiet: true, play: func(s *sabotage) {
			log := testkit.CaptureLog(s.t)
			told := 0
			s.l.SetExceptionHandler(func(*asyncio.Loop, asyncio.ErrorContext) { told++; s.fail() })
			s.l.CallSoon(func() { panic("first") })
			s.l.CallSoon(func() { panic("second") })
			s.until(func() bool { return told == 2 })
			text := log.Text()
			if !strings.Contains(text, "the exception handler failed") || !strings.Contains(text, "first") || strings.Contains(text, "second") {
				s.t.Errorf("logged %s", text)
			}
		}},
		{name: "exception handler of an error that nobody asked for", play: func(s *sabotage) {
			before := s.l.ExceptionHandler()
			s.l.SetExceptionHandler(func(l *asyncio.Loop, c asyncio.ErrorContext) { before(l, c); s.fail() })
			log := testkit.CaptureLog(s.t)
			failing := asyncio.LoopTask(s.ctx, s.l, func(context.Context) (int, error) { return 0, testkit.ErrBoom })
			failing.AddDoneCallback(func() { s.l.CallExceptionHandler(asyncio.ErrorContext{Message: "failed", Err: failing.Err()}) })
			s.until(func() bool { return s.failed })
			if strings.Count(log.Text(), testkit.ErrBoom.Error()) != 1 {
				s.t.Errorf("logged %s", log.Text())
			}
			s.told[0].Err = asTold(s)
		}},
		{name: "task factory of RunCoroutineThreadsafe", play: func(s *sabotage) {
			s.l.SetTaskFactory(func(*asyncio.Loop, asyncio.AnyTask) { s.fail() })
			f := asyncio.RunCoroutineThreadsafe(s.ctx, s.l, func(context.Context) (int, error) { return 1, nil })
			if _, err := f.Await(s.ctx); !s.is(err) {
				s.t.Errorf("its future: %v", err)
			}
			s.l.SetTaskFactory(nil)
		}},
		{name: "function of the default executor", quiet: true, play: func(s *sabotage) {
			_, err := asyncio.RunInExecutor(s.ctx, nil, func() (int, error) { s.fail(); return 1, nil }).Await(s.ctx)
			if !s.is(err) {
				s.t.Error(err)
			}
		}},
		{name: "function of an executor", quiet: true, play: func(s *sabotage) {
			if testkit.Simulated(s.ctx) {
				s.cannot = true // it takes no executors
				return
			}
			_, err := asyncio.RunInExecutor(s.ctx, goExecutor{}, func() (int, error) { s.fail(); return 1, nil }).Await(s.ctx)
			if !s.is(err) {
				s.t.Error(err)
			}
		}},
		{name: "stream handler", play: func(s *sabotage) {
			server, err := asyncio.StartServer(s.ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
				s.fail()
				return nil
			}, onLoopback, 0)
			testkit.Must(s.t, err)
			r, w, err := asyncio.OpenConnection(s.ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: portOf(server)}, 0)
			testkit.Must(s.t, err)
			if _, err := r.ReadAll(s.ctx); err != nil {
				s.t.Error(err)
			}
			w.Close()
			closeServer(s, server)
		}},
	}
}

// asTold is an error that is taken for the failure, which was told elsewhere.
func asTold(s *sabotage) error {
	if s.goexit {
		return errors.New("Goexit")
	}
	return &anyio.PanicError{Value: "sabotage"}
}

type goExecutor struct{}

func (goExecutor) Submit(f func()) error { go f(); return nil }

// closeServer closes a server whose connections are about to be lost, and waits for that.
func closeServer(s *sabotage, server *asyncio.Server) {
	s.t.Helper()
	closed := asyncio.LoopTask(s.ctx, s.l, func(ctx context.Context) (int, error) { return 0, server.WaitClosed(ctx) })
	s.until(func() bool { return len(closed.Stack(1)) > 0 })
	server.Close()
	_, err := closed.Await(s.ctx)
	testkit.WantNil(s.t, "WaitClosed", err)
}

// run plays a sabotage in a task of a loop.
func (c saboteur) run(t *testing.T, ctx context.Context, l *asyncio.Loop, goexit bool) {
	s := &sabotage{t: t, ctx: ctx, l: l, goexit: goexit}
	l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { s.told = append(s.told, c) })
	c.play(s)
	if s.cannot {
		return
	}
	if !s.failed {
		t.Error("it was not called")
	}
	// A Goexit is told by all whose functions it ends.
	if n := len(s.told); c.quiet && n > 0 || !c.quiet && (n == 0 || n > 1 && !goexit) {
		t.Errorf("told %d times: %v", n, s.told)
	}
	for _, c := range s.told {
		if !s.is(c.Err) {
			t.Errorf("told %+v", c)
		}
	}
}

// sabotaged plays all of a kind, by panics and by Goexit, on the loops of runs and on loops
// that are run by their methods. The loop goes on, and nothing hangs.
func sabotaged(t *testing.T, all []saboteur, backends ...func() anyio.Backend) {
	log := testkit.CaptureLog(t) // of panics of tasks
	for _, c := range all {
		for _, goexit := range []bool{false, true} {
			for _, backend := range backends {
				on := backend()
				name := fmt.Sprintf("%s/goexit=%v/%s", c.name, goexit, on.Name())
				t.Run(name, func(t *testing.T) {
					c.skip(t)
					over := false
					exited := testkit.Exited(func(*testing.T) {
						err := anyio.Run(t.Context(), func(ctx context.Context) error {
							c.run(t, ctx, loopOf(t, ctx), goexit)
							over = true
							return nil
						}, anyio.On(on))
						testkit.WantNil(t, "Run", err)
					})
					if !over || exited && !goexit {
						t.Errorf("over %v, exited %v", over, exited)
					}
				})
				t.Run(name+"/own", func(t *testing.T) {
					c.skip(t)
					l, err := asyncio.NewEventLoop(anyio.On(backend()))
					testkit.Must(t, err)
					played := asyncio.LoopTask(context.Background(), l, func(ctx context.Context) (int, error) {
						c.run(t, ctx, l, goexit)
						return 5, nil
					})
					v, err := asyncio.RunUntilComplete(l, played)
					for goexit && err == asyncio.ErrLoopStopped {
						v, err = asyncio.RunUntilComplete(l, played)
					}
					if v != 5 || err != nil {
						t.Errorf("%d %v", v, err)
					}
					testkit.WantNil(t, "Close", l.Close())
				})
			}
		}
	}
	log.Take()
}

func realLoop() anyio.Backend  { return anyio.EventLoop() }
func simulated() anyio.Backend { return sim.New(sim.Config{Seed: 1}) }

func TestCallbacksThatFail(t *testing.T) { sabotaged(t, callbackSaboteurs(), realLoop, simulated) }

// Goexit in a callback, as t.FailNow, ends Run when the tasks have ended, and goes on in its
// caller.
func TestGoexitInACallbackEndsRun(t *testing.T) {
	onEachLoop(t, func(t *testing.T, opts ...anyio.RunOption) {
		r := &record{}
		exited := testkit.Exited(func(*testing.T) {
			_ = asyncio.Run(t.Context(), func(ctx context.Context) error {
				l := loopOf(t, ctx)
				l.SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { r.add("told") })
				l.CallSoon(runtime.Goexit)
				l.CallSoon(r.call("next"))
				err := asyncio.Sleep(ctx, time.Hour)
				r.add("canceled %v", errors.Is(err, anyio.ErrCanceled))
				return err
			}, opts...)
			r.add("returned")
		})
		r.want(t, "told next canceled true")
		if !exited {
			t.Error("the caller of Run has not exited")
		}
	})
}

// Errors that nobody has asked for are all told at the end of a run, whatever the exception
// handler does.
func TestExceptionHandlerThatFailsAtTheEnd(t *testing.T) {
	for _, goexit := range []bool{false, true} {
		log, told := testkit.CaptureLog(t), 0
		exited := testkit.Exited(func(*testing.T) {
			_ = anyio.Run(t.Context(), func(ctx context.Context) error {
				s := &sabotage{goexit: goexit}
				loopOf(t, ctx).SetExceptionHandler(func(*asyncio.Loop, asyncio.ErrorContext) { told++; s.fail() })
				for range 3 {
					goes(t, ctx, func(context.Context) error { return testkit.ErrBoom })
				}
				return nil
			}, onSim(1))
		})
		if told != 3 || exited != goexit || !strings.Contains(log.Text(), "exception handler failed") {
			t.Errorf("goexit %v: told %d, exited %v, logged %s", goexit, told, exited, log.Text())
		}
	}
}

type panickingLog struct{ slog.Handler }

func (panickingLog) Enabled(context.Context, slog.Level) bool  { return true }
func (panickingLog) Handle(context.Context, slog.Record) error { panic("log") }

func TestLogThatPanicsEndsNothing(t *testing.T) {
	onLoops(t, func(t *testing.T, ctx context.Context) {
		testkit.CaptureLog(t) // which is restored
		slog.SetDefault(slog.New(panickingLog{slog.Default().Handler()}))
		r := &record{}
		loopOf(t, ctx).CallSoon(func() { panic("bang") })
		loopOf(t, ctx).CallSoon(r.call("next"))
		settled(t, ctx)
		r.want(t, "next")
	}, anyiotest.Seeds(1))
}
