package asyncio_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
)

var runTwins = []twin{
	{name: "run_cleanup", program: runCleanup},
	{name: "run_refused", program: runRefused, promised: true},
	{name: "never_retrieved", main: neverRetrieved},
	{name: "threadsafe", main: threadsafe},
	{name: "threadsafe_cancel", main: threadsafeCancel},
	{name: "threadsafe_timeout", main: threadsafeTimeout},
	{name: "executor", main: executor},
	{name: "executor_cancel", main: executorCancel},
	{name: "future_wrap", main: futureWrap, promised: true},
}

func runCleanup(_ *testing.T, p *printer, on anyio.RunOption) {
	for _, name := range []string{"cancels", "swallows", "fails", "main fails"} {
		v, err := asyncio.RunValue(context.Background(), func(ctx context.Context) (string, error) {
			loopIn(ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { p.print("handler:", c.Err) })
			task(ctx, func(ctx context.Context) error {
				err := forever(ctx)
				if err := yield(ctx, 1); err != nil {
					return err
				}
				p.print(name, "cleaned up")
				switch name {
				case "fails":
					return errors.New("of the cleanup")
				case "cancels":
					return err
				}
				return nil
			})
			loopIn(ctx).CallSoon(p.do("callback"))
			if err := yield(ctx, 1); err != nil {
				return "", err
			}
			p.print("main returns")
			if name == "main fails" {
				return "", errors.New("of main")
			}
			return "value of main", nil
		}, on)
		if err != nil {
			p.print("run raises:", err)
		} else {
			p.print(v)
		}
	}
}

func runRefused(t *testing.T, p *printer, on anyio.RunOption) {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		if asyncio.Run(ctx, func(context.Context) error { return nil }, on) != nil {
			p.print("nested run refused")
		}
		return nil
	}, on)
	if err != nil {
		t.Error(err)
	}
	err = asyncio.Run(context.Background(), func(ctx context.Context) error {
		me(ctx).Cancel("")
		return yield(ctx, 1)
	}, on)
	if isCanceled(err) {
		p.print("main was canceled")
	}
	if _, err := asyncio.RunningLoop(context.Background()); err != nil {
		p.print("no running loop")
	}
}

func neverRetrieved(ctx context.Context, p *printer) error {
	var told []string
	loopIn(ctx).SetExceptionHandler(func(_ *asyncio.Loop, c asyncio.ErrorContext) { told = append(told, message(c.Err)) })
	err := func() error {
		t := task(ctx, func(context.Context) error { return errors.New("of a task") })
		asked := task(ctx, func(context.Context) error { return errors.New("asked for") })
		err := wait(ctx, t, asked)
		p.print("told", told)
		p.print(asked.Err())
		_ = asyncio.NewFuture[none](ctx).SetErr(errors.New("of a future"))
		asyncio.NewFuture[none](ctx) // never done
		return err
	}()
	for range 1000 {
		runtime.GC()
		if err := asyncio.Sleep(ctx, ms); err != nil {
			return err
		}
		if len(told) == 2 {
			break
		}
	}
	p.print("told", sorted(told))
	return err
}

func threadsafe(ctx context.Context, p *printer) error {
	loop := loopIn(ctx)
	work := func(what string) (string, error) {
		return asyncio.RunCoroutineThreadsafe(context.Background(), loop, func(ctx context.Context) (string, error) {
			if err := yield(ctx, 1); err != nil {
				return "", err
			}
			p.print(what, "in the loop:", asyncio.CurrentTask(ctx) != nil)
			if what == "fail" {
				return "", errors.New("failed")
			}
			return what, nil
		}).Await(context.Background())
	}
	v, err := asyncio.ToThread(ctx, func() (string, error) {
		v, err := work("value")
		p.print(v)
		if _, err := work("fail"); err != nil {
			p.print(errors.Unwrap(err))
		}
		called := make(chan bool)
		_, err2 := loop.CallSoonThreadsafe(func() {
			loop.CallSoon(func() {}) // is refused elsewhere
			p.print("callback", true)
			close(called)
		})
		<-called
		return "thread ends", errors.Join(err, err2)
	})
	p.print(v)
	return err
}

func threadsafeCancel(ctx context.Context, p *printer) error {
	started, ended := asyncio.NewFuture[none](ctx), asyncio.NewFuture[none](ctx)
	f := asyncio.RunCoroutineThreadsafe(context.Background(), loopIn(ctx), func(ctx context.Context) (none, error) {
		_ = started.SetResult(none{})
		err := forever(ctx)
		if isCanceled(err) {
			p.print("task canceled")
		}
		_ = ended.SetResult(none{})
		return none{}, err
	})
	_, err := started.Await(ctx)
	said, err2 := asyncio.ToThread(ctx, func() (string, error) {
		f.Cancel()
		if _, err := f.Await(context.Background()); errors.Is(err, anyio.ErrFutureCanceled) {
			return "canceled for the thread", nil
		} else {
			return "", err
		}
	})
	_, err3 := ended.Await(ctx)
	p.print(said)
	return errors.Join(err, err2, err3)
}

func threadsafeTimeout(ctx context.Context, p *printer) error {
	var log []string // written in the loop alone
	loop := loopIn(ctx)
	canceled, err := asyncio.ToThread(ctx, func() (bool, error) {
		begun := make(chan bool)
		f := asyncio.RunCoroutineThreadsafe(context.Background(), loop, func(ctx context.Context) (none, error) {
			close(begun)
			err := forever(ctx)
			log = append(log, "task canceled")
			return none{}, err
		})
		<-begun
		patience, cancel := context.WithTimeout(context.Background(), 10*ms)
		defer cancel()
		if _, err := f.Await(patience); errors.Is(err, context.DeadlineExceeded) {
			told := make(chan bool)
			_, _ = loop.CallSoonThreadsafe(func() {
				log = append(log, "thread timed out")
				close(told)
			})
			<-told
		}
		return f.Cancel(), nil
	})
	p.print("cancel", canceled)
	for len(log) < 2 {
		if err := asyncio.Sleep(ctx, ms); err != nil {
			return err
		}
	}
	p.print(log)
	return err
}

func executor(ctx context.Context, p *printer) error {
	block := make(chan bool)
	f := asyncio.RunInExecutor(ctx, nil, func() (string, error) {
		<-block
		return "blocked", nil
	})
	if err := yield(ctx, 1); err != nil {
		return err
	}
	p.print("loop goes on, done:", f.Done())
	close(block)
	v, err := f.Await(ctx)
	p.print(v)
	n, err2 := asyncio.ToThread(ctx, func() (int, error) { return 1 + 2, nil })
	p.print(n)
	fails := func() (int, error) { return 0, errors.New("from the thread") }
	if _, err := asyncio.RunInExecutor(ctx, nil, fails).Await(ctx); err != nil {
		p.print(err)
	}
	if _, err := asyncio.ToThread(ctx, fails); err != nil {
		p.print(err)
	}
	var squares []asyncio.Awaitable[int]
	for i := range 5 {
		squares = append(squares, asyncio.CreateTask(ctx, func(ctx context.Context) (int, error) {
			return asyncio.ToThread(ctx, func() (int, error) { return i * i, nil })
		}))
	}
	all, err3 := asyncio.Gather(ctx, squares...).Await(ctx)
	p.print(all)
	return errors.Join(err, err2, err3)
}

func executorCancel(ctx context.Context, p *printer) error {
	begun, block, ended := make(chan bool), make(chan bool), make(chan bool)
	f := asyncio.RunInExecutor(ctx, nil, func() (none, error) {
		close(begun)
		<-block
		close(ended)
		return none{}, nil
	})
	in := func(c chan bool) error {
		_, err := asyncio.RunInExecutor(ctx, nil, func() (bool, error) { return <-c, nil }).Await(ctx)
		return err
	}
	err := in(begun)
	p.print("cancel", f.Cancel(""), f.Canceled())
	isEnded := func() bool {
		select {
		case <-ended:
			return true
		default:
			return false
		}
	}
	if canceledEnd(ctx, f) {
		p.print("canceled; call ended:", isEnded())
	}
	close(block)
	err2 := in(ended)
	p.print("call ended:", isEnded())
	return errors.Join(err, err2)
}

func futureWrap(ctx context.Context, p *printer) error {
	for _, how := range []string{"value", "error", "cancel", "canceled by the thread"} {
		thread := anyio.NewFuture[string]("thread")
		f := asyncio.WrapFuture(ctx, thread)
		p.print(true, f.Done())
		switch how {
		case "value":
			_ = thread.Set("value")
		case "error":
			_ = thread.SetError(errors.New("error"))
		case "cancel":
			f.Cancel("")
		default:
			thread.Cancel()
		}
		switch v, err := f.Await(ctx); {
		case isCanceled(err):
			for i := 0; i < 10 && thread.Status() != anyio.Canceled; i++ {
				if err := asyncio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
			p.print("canceled", f.Canceled(), thread.Status() == anyio.Canceled)
		case err != nil:
			p.print(err)
		default:
			p.print(v)
		}
	}
	return nil
}
