package anyio

import (
	"runtime"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/offload"
)

// A threadPool runs functions on threads of its own. It is one of package osthread.
type threadPool struct {
	limiter *CapacityLimiter
	do      func(f func()) bool // false if the pool is closed
}

func onThread(l *CapacityLimiter, do func(f func()) bool) BlockingOption {
	return func(o *blockingOptions) { o.threads = threadPool{l, do} }
}

// within is f of a task or nil, to be called anywhere, as a function that runs on a
// thread of the pool.
func within[T any](pool threadPool, task *kernel.Task, f func() (T, error)) func() (T, error) {
	return func() (T, error) {
		var r offload.Result[T]
		var kept error
		open := pool.do(func() {
			defer func() { kept = leftBy(task) }()
			r.Of(f, seatBorrower{task}.name)
		})
		switch {
		case !open:
			return r.Value, ErrClosed
		case r.Panic != nil:
			panic(r.Panic)
		case r.Exited:
			runtime.Goexit()
		}
		return r.Value, withMisuse(r.Err, kept)
	}
}
