package inspect

import (
	"context"
	"log/slog"

	"github.com/anyio-go/anyio/internal/kernel"
)

// LogHandler returns a handler that tells which task has logged. To each record that is
// logged with the context of a task, as by slog.InfoContext, it adds
//
//	task.run=1 task.id=5 task.name=worker task.parent=1
//
// before h handles it: the task's Ref, as in snapshots, its name, and the task whose group
// it is in, if there is one. They stand at the top, whatever groups the logger has. Records
// that are logged without such a context are left as they are.
func LogHandler(h slog.Handler) slog.Handler { return &logHandler{as: h, top: h} }

// A logHandler adds tasks to records. A handler can add attributes only inside the groups
// that it has, so that the ones in them are kept apart, for records of tasks.
type logHandler struct {
	as    slog.Handler // has all attributes and groups
	top   slog.Handler // has the attributes from before the first group
	inner []logGroup   // the groups, the outermost first
}

// A logGroup is a group and the attributes that are directly in it.
type logGroup struct {
	name  string
	attrs []slog.Attr
}

func (h *logHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.as.Enabled(ctx, level)
}

func (h *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	if len(h.inner) == 0 {
		with := h.as.WithAttrs(attrs)
		return &logHandler{as: with, top: with}
	}
	inner := append([]logGroup(nil), h.inner...)
	last := &inner[len(inner)-1]
	last.attrs = joined(last.attrs, attrs)
	return &logHandler{h.as.WithAttrs(attrs), h.top, inner}
}

func (h *logHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	inner := append(append([]logGroup(nil), h.inner...), logGroup{name: name})
	return &logHandler{h.as.WithGroup(name), h.top, inner}
}

func (h *logHandler) Handle(ctx context.Context, r slog.Record) error {
	s := kernel.ScopeIn(ctx)
	if s == nil || s.Task() == nil {
		return h.as.Handle(ctx, r)
	}
	task := taskAttr(TaskEvent{s.Task()})
	if len(h.inner) == 0 {
		r = r.Clone()
		r.AddAttrs(task)
		return h.top.Handle(ctx, r)
	}
	var attrs []slog.Attr
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, a)
		return true
	})
	for i := len(h.inner) - 1; i >= 0; i-- {
		g := h.inner[i]
		attrs = []slog.Attr{{Key: g.name, Value: slog.GroupValue(joined(g.attrs, attrs)...)}}
	}
	with := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	with.AddAttrs(task)
	with.AddAttrs(attrs...)
	return h.top.Handle(ctx, with)
}

// taskAttr is what is added to a record.
func taskAttr(t TaskEvent) slog.Attr {
	ref := t.Ref()
	attrs := []slog.Attr{slog.Uint64("run", ref.Run), slog.Uint64("id", ref.Task), slog.String("name", t.Name())}
	if p := t.Parent(); p != (Ref{}) {
		attrs = append(attrs, slog.Uint64("parent", p.Task))
	}
	return slog.Attr{Key: "task", Value: slog.GroupValue(attrs...)}
}

// joined is append that writes to neither.
func joined(a, b []slog.Attr) []slog.Attr {
	return append(append(make([]slog.Attr, 0, len(a)+len(b)), a...), b...)
}
