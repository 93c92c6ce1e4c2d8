package process_test

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/process"
	"github.com/anyio-go/anyio/sim"
)

type point struct{ X, Y int }

// An onlyHere is registered with gob, but not in workers.
type onlyHere struct{ N int }

// A choosy value encodes itself, unless it is zero.
type choosy struct{ text string }

func (c choosy) GobEncode() ([]byte, error) {
	if c.text == "" {
		return nil, errors.New("zero is not to be sent")
	}
	return []byte(c.text), nil
}

func (c *choosy) GobDecode(data []byte) error { c.text = string(data); return nil }

// A quitError can be sent, but counts as a cancellation.
type quitError struct{ Code int }

func (*quitError) Error() string        { return "quit" }
func (*quitError) Is(target error) bool { return target == context.Canceled }

func init() { gob.Register(&quitError{}) }

// A rude error panics when it is asked what it is.
type rudeError struct{}

func (rudeError) Error() string { panic("do not ask") }

// A codeError can be sent, for its type is registered.
type codeError struct{ Code int }

func (e *codeError) Error() string { return fmt.Sprint("code ", e.Code) }

var errSentinel = errors.New("not registered")

func init() { gob.Register(&codeError{}) }

var (
	swap = process.Register("swap", func(_ context.Context, p point) (point, error) { return point{p.Y, p.X}, nil })
	pid  = process.Register("pid", func(context.Context, struct{}) (int, error) { return os.Getpid(), nil })
	fail = process.Register("fail", func(_ context.Context, registered bool) (int, error) {
		if registered {
			return 0, fmt.Errorf("wrapped: %w", &codeError{7})
		}
		return 0, errSentinel
	})
	failWith = process.Register("fail with", func(_ context.Context, how string) (int, error) {
		switch how {
		case "no file":
			_, err := os.Open("/there is no such file")
			return 0, err
		case "end":
			return 0, fmt.Errorf("all was read: %w", io.EOF)
		case "two":
			return 0, errors.Join(errSentinel, &codeError{8})
		case "canceled":
			return 0, errors.Join(&quitError{1}, &codeError{9}, context.Canceled, anyio.ErrCanceled)
		}
		return 0, rudeError{}
	})
	nap = process.Register("nap", func(ctx context.Context, d time.Duration) (bool, error) {
		return ctx.Done() == nil, anyio.Sleep(ctx, d)
	})
	choose  = process.Register("choose", func(_ context.Context, c *choosy) (choosy, error) { return *c, nil })
	explode = process.Register("explode", func(_ context.Context, text string) (int, error) { panic(text) })
	exit    = process.Register("exit", func(_ context.Context, code int) (int, error) { os.Exit(code); return 0, nil })
	goexit  = process.Register("goexit", func(context.Context, struct{}) (int, error) { runtime.Goexit(); return 0, nil })
	block   = process.Register("block", func(_ context.Context, file string) (int, error) {
		if err := os.WriteFile(file, []byte(fmt.Sprint(os.Getpid())), 0o644); err != nil {
			return 0, err
		}
		hang()
		return 0, nil
	})
	chatter = process.Register("chatter", func(_ context.Context, n int) (int, error) {
		os.Stdout = os.Stderr // what tests print belongs to go test
		n, err := fmt.Fprint(os.Stdout, strings.Repeat("\r", n))
		return n, err
	})
	echo   = process.Register("echo", func(_ context.Context, data []byte) ([]byte, error) { return data, nil })
	babble = process.Register("babble", func(context.Context, struct{}) (int, error) {
		return os.NewFile(4, "answers").Write([]byte("this is no answer at all"))
	})
	hangUp = process.Register("hang up", func(context.Context, struct{}) (int, error) {
		return 0, os.NewFile(4, "answers").Close()
	})
	scribble = process.Register("scribble", func(_ context.Context, in []int) ([]int, error) { in[0] = 99; return in, nil })
	// late is registered after WorkerMain.
	late = sync.OnceValue(func() *process.Function[int, int] {
		return process.Register("late", func(context.Context, int) (int, error) { return 1, nil })
	})
	oddBack = process.Register("odd back", func(context.Context, int) (any, error) { return make(chan int), nil })
	odd     = process.Register("odd", func(_ context.Context, v any) (int, error) { return 0, nil })
)

func TestFunctionsRunInReusedWorkerProcesses(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		got, err := swap.Call(ctx, point{1, 2})
		if got != (point{2, 1}) || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		if got, err := swap.Call(ctx, point{}); got != (point{}) || err != nil {
			t.Errorf("zero value: %v, %v", got, err)
		}
		first, err := pid.Call(ctx, struct{}{})
		testkit.WantNil(t, "pid", err)
		second, err := pid.Call(ctx, struct{}{})
		if first != second || first == os.Getpid() || err != nil {
			t.Errorf("pids %d, %d, %v; mine is %d", first, second, err, os.Getpid())
		}
		process.CloseWorkers(ctx)
		if third, err := pid.Call(ctx, struct{}{}); third == first || err != nil {
			t.Errorf("after CloseWorkers: %d, %v", third, err)
		}
	})
}

func TestManyCallsAtOnceShareFewWorkers(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		limiter := anyio.NewCapacityLimiter(2)
		pids := map[int]bool{}
		var mu anyio.Lock
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for range 100 {
				tg.Go(func(ctx context.Context) error {
					p, err := pid.Call(ctx, struct{}{}, process.Limiter(limiter))
					if err != nil {
						return err
					}
					return mu.Do(ctx, func(context.Context) error { pids[p] = true; return nil })
				})
			}
			return nil
		})
		testkit.WantNil(t, "group", err)
		if len(pids) < 1 || len(pids) > 2 {
			t.Errorf("%d workers", len(pids))
		}
		if n := process.DefaultLimiter(ctx).TotalTokens(); n != runtime.NumCPU() {
			t.Errorf("default limit %d", n)
		}
	})
}

func TestBigArgumentsAndResultsTravel(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		for _, n := range []int{0, 1, 100, 1 << 20} {
			data := []byte(strings.Repeat("x", n))
			if got, err := echo.Call(ctx, data); string(got) != string(data) || err != nil {
				t.Errorf("%d bytes: %d, %v", n, len(got), err)
			}
		}
	})
}

func TestErrorsOfWorkerFunctionsComeBack(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := fail.Call(ctx, false)
		e, ok := errors.AsType[*process.RemoteError](err)
		if !ok || e.Text != "not registered" || e.Type != "*errors.errorString" || err.Error() != e.Text || e.Stack != "" || e.Err != nil {
			t.Errorf("%#v", err)
		}
		_, err = fail.Call(ctx, true)
		if c, ok := errors.AsType[*codeError](err); !ok || c.Code != 7 || err.Error() != "wrapped: code 7" {
			t.Errorf("registered: %#v", err)
		}
		_, err = explode.Call(ctx, "boom")
		e, ok = errors.AsType[*process.RemoteError](err)
		if !ok || !strings.Contains(e.Stack, "worker_test.go") || err.Error() != `process: panic in worker function "explode": boom` {
			t.Errorf("panic: %+v", err)
		}
		if text := fmt.Sprintf("%+v", err); !strings.Contains(text, "worker_test.go") {
			t.Errorf("no stack in %q", text)
		}
		_, err = goexit.Call(ctx, struct{}{})
		if e, ok := errors.AsType[*process.RemoteError](err); !ok || !strings.Contains(e.Text, "Goexit") {
			t.Errorf("Goexit: %v", err)
		}
		if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
			t.Errorf("afterwards: %v, %v", got, err)
		}
	})
}

func TestErrorsOfWorkerFunctionsMatchWhatBothProcessesKnow(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		_, err := failWith.Call(ctx, "no file")
		testkit.WantIs(t, "no file", err, fs.ErrNotExist)
		if errors.Is(err, fs.ErrExist) || errors.Is(err, io.EOF) {
			t.Errorf("no file: %v matches too much", err)
		}
		_, err = failWith.Call(ctx, "end")
		testkit.WantIs(t, "end", err, io.EOF)
		_, err = failWith.Call(ctx, "two")
		if c, ok := errors.AsType[*codeError](err); !ok || c.Code != 8 || err.Error() != "not registered\ncode 8" {
			t.Errorf("two: %#v", err)
		}
		_, err = failWith.Call(ctx, "canceled")
		if c, ok := errors.AsType[*codeError](err); !ok || c.Code != 9 || errors.Is(err, context.Canceled) || errors.Is(err, anyio.ErrCanceled) {
			t.Errorf("canceled there, not here: %#v", err)
		}
		_, err = failWith.Call(ctx, "rude")
		if e, ok := errors.AsType[*process.RemoteError](err); !ok || e.Text != "do not ask" || e.Stack == "" {
			t.Errorf("rude: %#v", err)
		}
	})
}

// Also in a simulation, whose loop waits for the function.
func TestWorkerFunctionsMayWait(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if got, err := nap.Call(ctx, time.Millisecond); !got || err != nil {
			t.Errorf("no context of its own: %v, %v", got, err)
		}
	})
}

func TestValuesThatEncodeThemselvesTravel(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		if got, err := choose.Call(ctx, &choosy{"me"}); got.text != "me" || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		if _, err := choose.Call(ctx, &choosy{}); err == nil || !strings.Contains(err.Error(), "zero is not to be sent") {
			t.Errorf("zero: %v", err)
		}
	})
}

func TestCallsTakeATokenOfTheirLimiter(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		limiter := anyio.NewCapacityLimiter(1)
		testkit.WantNil(t, "acquire", limiter.AcquireOnBehalfOf(ctx, t))
		late, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			_, err := swap.Call(ctx, point{}, process.Limiter(limiter))
			return err
		})
		if !late || err != nil {
			t.Errorf("a call without a token: %v, %v", late, err)
		}
		limiter.ReleaseOnBehalfOf(t)
		_, err = swap.Call(ctx, point{}, process.Limiter(limiter))
		testkit.WantNil(t, "a call with a token", err)
	})
}

func TestWorkerThatEndsIsABrokenWorker(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		_, err := exit.Call(ctx, 3)
		if e, ok := errors.AsType[*process.BrokenWorkerError](err); !ok || e.Error() != `process: the worker of "exit" is broken: it ended with code 3` {
			t.Errorf("%v", err)
		}
		if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
			t.Errorf("afterwards: %v, %v", got, err)
		}
	})
}

func TestPrintingDoesNotReachTheCaller(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		const n = 1000
		for range 2 {
			if got, err := chatter.Call(ctx, n); got != n || err != nil {
				t.Errorf("%d, %v", got, err)
			}
		}
	})
}

func TestCanceledCallKillsItsWorker(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		file := t.TempDir() + "/pid"
		before, err := pid.Call(ctx, struct{}{})
		testkit.WantNil(t, "pid", err)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			h := tg.Go(func(ctx context.Context) error {
				_, err := block.Call(ctx, file)
				testkit.WantIs(t, "call", err, anyio.ErrCanceled)
				return err
			})
			for {
				if data, err := os.ReadFile(file); err == nil && len(data) > 0 {
					break
				}
				if err := anyio.Sleep(ctx, 1e6); err != nil {
					return err
				}
			}
			h.Cancel("")
			return h.Wait(ctx)
		})
		testkit.WantNil(t, "group", err)
		after, err := pid.Call(ctx, struct{}{})
		if after == before || err != nil {
			t.Errorf("the worker %d lives on: %d, %v", before, after, err)
		}
	})
}

func TestCallInACanceledScopeTakesNoWorker(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
			s.Cancel("")
			_, err := exit.Call(ctx, 1)
			testkit.WantIs(t, "call", err, anyio.ErrCanceled)
			return err
		})
		testkit.WantNil(t, "scope", err)
	})
}

func TestWhatCannotBeEncodedIsAnErrorAndCostsNoWorker(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		before, err := pid.Call(ctx, struct{}{})
		testkit.WantNil(t, "before", err)
		for range 2 {
			_, err := odd.Call(ctx, make(chan int))
			if err == nil || !strings.HasPrefix(err.Error(), `process: argument of "odd": gob: `) {
				t.Errorf("a channel: %v", err)
			}
			if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
				t.Errorf("afterwards: %v, %v", got, err)
			}
			_, err = oddBack.Call(ctx, 1)
			if e, ok := errors.AsType[*process.RemoteError](err); !ok || !strings.HasPrefix(e.Text, `process: result of "odd back": gob: `) {
				t.Errorf("a result: %v", err)
			}
			if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
				t.Errorf("after the result: %v, %v", got, err)
			}
		}
		if after, err := pid.Call(ctx, struct{}{}); after != before || err != nil {
			t.Errorf("it has cost the worker: %d, now %d, %v", before, after, err)
		}
	})
}

func TestFunctionsThatCannotBeRegistered(t *testing.T) {
	for what, f := range map[string]func(){
		"nil":            func() { process.Register[int, int]("nil", nil) },
		"no name":        func() { process.Register("", func(context.Context, int) (int, error) { return 0, nil }) },
		"a pointer":      func() { process.Register("p", func(context.Context, **chan int) (int, error) { return 0, nil }) },
		"a taken name":   func() { process.Register("swap", func(context.Context, int) (int, error) { return 0, nil }) },
		"a closure":      func() { process.Register("c", func(context.Context, func()) (int, error) { return 0, nil }) },
		"a channel back": func() { process.Register("d", func(context.Context, int) (chan int, error) { return nil, nil }) },
	} {
		func() {
			defer func() {
				err, _ := recover().(error)
				testkit.WantMisuse(t, what, err)
			}()
			f()
		}()
	}
}

func TestFunctionsThatTheWorkerDoesNotKnow(t *testing.T) {
	onReal(t, func(t *testing.T, ctx context.Context) {
		_, err := late().Call(ctx, 1)
		testkit.WantMisuse(t, "late", err)
		if !strings.Contains(fmt.Sprint(err), `Call "late": the worker knows no function of this name`) {
			t.Errorf("%v", err)
		}
		_, err = odd.Call(ctx, onlyHere{1})
		testkit.WantMisuse(t, "an argument of a type that only this process has registered", err)
		if !strings.Contains(fmt.Sprint(err), "name not registered") {
			t.Errorf("%v", err)
		}
		if got, err := swap.Call(ctx, point{1, 2}); got.X != 2 || err != nil {
			t.Errorf("afterwards: %v, %v", got, err)
		}
	})
}

// In a simulation the function runs here, with copies.
func TestSimulatedCallsRunInThisProcess(t *testing.T) {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		arg := []int{1}
		out, err := scribble.Call(ctx, arg)
		if arg[0] != 1 || len(out) != 1 || out[0] != 99 {
			t.Errorf("argument %v, result %v", arg, out)
		}
		if p, err := pid.Call(ctx, struct{}{}); p != os.Getpid() || err != nil {
			t.Errorf("pid %d, %v", p, err)
		}
		return err
	}, anyio.On(sim.New(sim.Config{})))
	testkit.WantNil(t, "run", err)
}
