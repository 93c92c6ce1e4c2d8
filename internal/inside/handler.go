package inside

import (
	"context"
	"runtime"
)

type handlerKey struct{}

// A stand is a function of this module that calls a handler in its place.
type stand struct {
	pc   uintptr
	name string // of the tasks that run the handler
}

// HandlerName is what the tasks of a handler are called that Serve of a listener is given
// with ctx: after its function, or after that of the user for which it stands.
func HandlerName(ctx context.Context, pc uintptr) string {
	if s, ok := ctx.Value(handlerKey{}).(stand); ok && s.pc == pc {
		return s.name
	}
	if f := runtime.FuncForPC(pc); f != nil {
		return f.Name()
	}
	return "handler"
}

// StandFor is ctx for Serve of a listener within another one: the tasks of the function pc,
// in which the other one's handler is called, are named after that.
func StandFor(ctx context.Context, pc uintptr, name string) context.Context {
	return context.WithValue(ctx, handlerKey{}, stand{pc, name})
}
