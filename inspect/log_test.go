package inspect_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/inspect"
	"github.com/anyio-go/anyio/internal/testkit"
)

// parsed are the lines of a log as JSON.
func parsed(t *testing.T, log []byte) (records []map[string]any) {
	t.Helper()
	for line := range bytes.Lines(log) {
		var r map[string]any
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		records = append(records, r)
	}
	return records
}

func TestLogHandlerIsAHandler(t *testing.T) {
	var log bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		log.Reset()
		return inspect.LogHandler(slog.NewJSONHandler(&log, nil))
	}, func(t *testing.T) map[string]any { return parsed(t, log.Bytes())[0] })
}

// inTask gives all that is logged the context of a task.
type inTask struct {
	slog.Handler
	ctx context.Context
}

func (h inTask) Handle(_ context.Context, r slog.Record) error { return h.Handler.Handle(h.ctx, r) }
func (h inTask) WithAttrs(attrs []slog.Attr) slog.Handler {
	return inTask{h.Handler.WithAttrs(attrs), h.ctx}
}
func (h inTask) WithGroup(name string) slog.Handler { return inTask{h.Handler.WithGroup(name), h.ctx} }

// The rules hold for records of tasks as well, with whatever attributes and groups.
func TestLogHandlerInATaskIsAHandler(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var log bytes.Buffer
		slogtest.Run(t, func(*testing.T) slog.Handler {
			log.Reset()
			return inTask{inspect.LogHandler(slog.NewJSONHandler(&log, nil)), ctx}
		}, func(t *testing.T) map[string]any {
			r := parsed(t, log.Bytes())[0]
			if _, ok := r["task"]; !ok {
				t.Errorf("no task in %v", r)
			}
			return r
		})
	})
}

func TestLogHandlerTellsTheTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var log bytes.Buffer
		logger := slog.New(inspect.LogHandler(slog.NewJSONHandler(&log, nil))).With("server", "a").WithGroup("http").With("method", "GET").WithGroup("peer")
		var me, child inspect.Ref
		me, _ = inspect.Of(ctx)
		testkit.WantNil(t, "group", anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			return tg.Go(func(ctx context.Context) error {
				child, _ = inspect.Of(ctx)
				logger.InfoContext(ctx, "in the task", "port", 80)
				return anyio.WithCancelScope(context.WithValue(ctx, inTask{}, 1), func(ctx context.Context, _ *anyio.CancelScope) error {
					logger.InfoContext(ctx, "in a scope of it")
					return nil
				})
			}, anyio.Name("worker")).Wait(ctx)
		}))
		logger.Info("without a context")
		logger.InfoContext(context.Background(), "with that of no task")

		task := map[string]any{"run": float64(child.Run), "id": float64(child.Task), "name": "worker", "parent": float64(me.Task)}
		for i, want := range []map[string]any{
			{"msg": "in the task", "task": task, "http": map[string]any{"method": "GET", "peer": map[string]any{"port": 80.0}}},
			{"msg": "in a scope of it", "task": task, "http": map[string]any{"method": "GET"}},
			{"msg": "without a context", "http": map[string]any{"method": "GET"}},
			{"msg": "with that of no task", "http": map[string]any{"method": "GET"}},
		} {
			want["server"], want["level"] = "a", "INFO"
			got := parsed(t, log.Bytes())[i]
			delete(got, "time")
			if fmt.Sprint(got) != fmt.Sprint(want) { // maps are printed in order
				t.Errorf("got  %v\nwant %v", got, want)
			}
		}
	})
}

// Loggers that come from one share nothing that one of them writes to.
func TestLogHandlersAreApart(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var log bytes.Buffer
		base := slog.New(inspect.LogHandler(slog.NewJSONHandler(&log, nil))).WithGroup("g").
			With("a", 1).With("b", 2).With("c", 3) // one by one: there may be room for a fourth
		one, two := base.With("d", "one"), base.With("d", "two")
		one.InfoContext(ctx, "one")
		two.WithGroup("in").InfoContext(ctx, "two", "e", 5)
		base.InfoContext(ctx, "base")
		for i, want := range []map[string]any{
			{"a": 1, "b": 2, "c": 3, "d": "one"},
			{"a": 1, "b": 2, "c": 3, "d": "two", "in": map[string]any{"e": 5}},
			{"a": 1, "b": 2, "c": 3},
		} {
			if got := parsed(t, log.Bytes())[i]["g"]; fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("got  %v\nwant %v", got, want)
			}
		}
	})
}

// A record may be handed to several handlers, and none of them changes it.
func TestLogHandlerLeavesTheRecord(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		r := slog.NewRecord(time.Now(), slog.LevelInfo, "record", 0)
		for i := range 8 {
			r.AddAttrs(slog.Int(fmt.Sprint("n", i), i)) // one by one: there is room for more
		}
		for range 2 {
			var log bytes.Buffer
			testkit.Must(t, inspect.LogHandler(slog.NewJSONHandler(&log, nil)).Handle(ctx, r))
			if got := parsed(t, log.Bytes())[0]; len(got) != 3+8+1 || got["n7"] != 7.0 || got["task"] == nil {
				t.Errorf("got %v", got)
			}
		}
	})
}

// The main task has no parent, and what asks whether a level is logged is asked below.
func TestLogHandlerOfAMainTask(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		var log bytes.Buffer
		h := inspect.LogHandler(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn}))
		if h.Enabled(ctx, slog.LevelInfo) || !h.Enabled(ctx, slog.LevelWarn) {
			t.Error("the level is not that of the handler below")
		}
		slog.New(h).InfoContext(ctx, "not this")
		slog.New(h).WarnContext(ctx, "this")
		got := parsed(t, log.Bytes())
		if len(got) != 1 {
			t.Fatalf("got %v", got)
		}
		if task := got[0]["task"].(map[string]any); task["parent"] != nil || task["id"] == 0.0 {
			t.Errorf("got %v", task)
		}
	})
}

func ExampleLogHandler() {
	plain := slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "run" { // which differ from time to time
			return slog.Attr{}
		}
		return a
	}})
	log := slog.New(inspect.LogHandler(plain)) // to use it everywhere: slog.SetDefault(log)
	_ = anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				log.InfoContext(ctx, "resized", "width", 64)
				return nil
			}, anyio.Name("worker"))
			return nil
		})
	}, anyio.On(anyio.EventLoop()))
	log.Info("over")
	// Output:
	// level=INFO msg=resized width=64 task.id=2 task.name=worker task.parent=1
	// level=INFO msg=over
}
