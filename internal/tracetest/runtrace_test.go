package tracetest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	rtrace "runtime/trace"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/exp/trace"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/sim"
)

// A tracedTask is a task of a trace as its reader sees it.
type tracedTask struct {
	name, parent string
	waits        []string // those that have ended
	logs         []string
	ended        bool
}

// read reads a trace.
func read(t *testing.T, data []byte) map[string]*tracedTask {
	t.Helper()
	r, err := trace.NewReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	byID := map[trace.TaskID]*tracedTask{}
	all := map[string]*tracedTask{}
	for {
		e, err := r.ReadEvent()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		switch e.Kind() {
		case trace.EventTaskBegin:
			task := &tracedTask{name: e.Task().Type}
			if p := byID[e.Task().Parent]; p != nil {
				task.parent = p.name
			}
			byID[e.Task().ID], all[task.name] = task, task
		case trace.EventTaskEnd:
			byID[e.Task().ID].ended = true
		case trace.EventRegionEnd: // which the reader refuses if it does not end the last of its goroutine
			if task := byID[e.Region().Task]; task != nil {
				task.waits = append(task.waits, e.Region().Type)
			}
		case trace.EventLog:
			if task := byID[e.Log().Task]; task != nil {
				task.logs = append(task.logs, e.Log().Category+": "+e.Log().Message)
			}
		}
	}
}

// What inspect.Trace writes is understood by those who read traces.
func TestRuntimeTraceIsRead(t *testing.T) {
	for _, backend := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop(), anyio.EventLoops(2), sim.New(sim.Config{Seed: 1})} {
		t.Run(backend.Name(), func(t *testing.T) {
			defer inspect.Trace()()
			var out bytes.Buffer
			if err := rtrace.Start(&out); err != nil {
				t.Skip("this process is traced already: ", err)
			}
			boom := errors.New("boom")
			err := anyio.Run(t.Context(), func(ctx context.Context) error {
				return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(anyio.SleepForever, anyio.Name("forever"))
					tg.Go(func(ctx context.Context) error {
						return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
							tg.Go(func(ctx context.Context) error {
								rtrace.Log(ctx, "program", "reads")
								return anyio.RunBlocking(ctx, func() error { return anyio.Sleep(context.WithoutCancel(t.Context()), time.Microsecond) })
							}, anyio.Name("inner"))
							return nil
						})
					}, anyio.Name("outer"))
					if err := anyio.Sleep(ctx, 20*time.Millisecond); err != nil {
						return err
					}
					tg.Go(func(context.Context) error { return boom }, anyio.Name("failing"))
					return nil
				})
			}, anyio.On(backend), anyio.MainName("main"))
			rtrace.Stop()
			if !errors.Is(err, boom) {
				t.Fatal(err)
			}
			tasks := read(t, out.Bytes())
			for name, want := range map[string]struct{ parent, wait, log string }{
				"main":    {"", "Sleep", ""},
				"forever": {"main", "SleepForever", "anyio: canceled: "},
				"outer":   {"main", "TaskGroup exit: waiting for its tasks", ""},
				"inner":   {"outer", "RunBlocking", "program: reads"},
				"failing": {"main", "", "anyio: failed: boom"},
			} {
				task := tasks[name]
				if task == nil {
					t.Errorf("%s is not in the trace", name)
					continue
				}
				logged := func(line string) bool { return strings.HasPrefix(line, want.log) }
				if !task.ended || task.parent != want.parent || want.wait != "" && !slices.Contains(task.waits, want.wait) ||
					want.log != "" && !slices.ContainsFunc(task.logs, logged) {
					t.Errorf("got %+v, want %+v", *task, want)
				}
			}
			if main := tasks["main"]; main != nil && !slices.ContainsFunc(main.logs, func(line string) bool { return strings.Contains(line, "boom") }) {
				t.Errorf("main was canceled without a word: %q", main.logs)
			}
		})
	}
}

// A sequence of iter.Pull waits in the name of the task that made it, also while that one
// waits itself. Each region ends on the goroutine where it began, also with several calls of
// Trace: else the reader refuses it.
func TestWaitsAtTheSameTimeAreRegions(t *testing.T) {
	for range 2 {
		defer inspect.Trace()()
	}
	begun := make(chan bool, 2)
	defer inspect.Hook(inspect.Hooks{WaitBegan: func(_ inspect.TaskEvent, op string) (ended func()) {
		if op == "Event.Wait" {
			begun <- true
		}
		return nil
	}})()
	var out bytes.Buffer
	if err := rtrace.Start(&out); err != nil {
		t.Skip("this process is traced already: ", err)
	}
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		var first, second anyio.Event
		next, stop := iter.Pull(func(yield func(error) bool) { yield(first.Wait(ctx)) })
		defer stop()
		pulled := make(chan error, 1)
		go func() {
			err, _ := next()
			pulled <- err
			second.Set()
		}()
		<-begun
		go func() {
			<-begun
			first.Set() // who has begun first ends first
		}()
		return errors.Join(second.Wait(ctx), <-pulled)
	}, anyio.MainName("main"), anyio.On(anyio.Parallel()))
	rtrace.Stop()
	if err != nil {
		t.Fatal(err)
	}
	main := read(t, out.Bytes())["main"]
	if main == nil || !main.ended || len(main.waits) != 4 { // of each call
		t.Errorf("got %+v", main)
	}
}
