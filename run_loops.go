package anyio

import (
	"context"
	"fmt"
	"runtime"
	"time"

	"github.com/anyio-go/anyio/internal/eventloop"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
)

// EventLoops returns the backend that runs the tasks of a run on n event loops, which run
// at the same time; with 0 or less it is as many as GOMAXPROCS. Each of them is what
// EventLoop is, with timers and sockets of its own.
//
// The main task runs on loop 0. A task stays on its loop to its end: on that of its group,
// which is the loop of the task that has opened the group, unless InLoop or InAnyLoop says
// otherwise. So a task and those below it take turns, as they do on one loop, while tasks
// on different loops run at the same time, and must not share what has no lock. A server
// uses all loops: Serve of a listener of package socket distributes its connections.
//
// There is one tree of tasks. Groups, scopes, portals and everything else of this module
// may be used from any loop: a group waits for its tasks wherever they are, their errors
// and panics are the group's, and a cancellation reaches all of them. To wake a task of
// another loop costs about a microsecond.
func EventLoops(n int) Backend {
	if n <= 0 {
		n = runtime.GOMAXPROCS(0)
	}
	return eventLoopsBackend{n: n}
}

type eventLoopsBackend struct {
	eventLoopBackend
	n int
}

func (eventLoopsBackend) Name() string { return "eventloops" }
func (b eventLoopsBackend) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	if err := b.refusal(); err != nil {
		return nil, err
	}
	return eventloop.NewTeam(ctx, b.Name(), b.n, cfg)
}

// Loops returns the number of event loops of the run that ctx belongs to: that of
// EventLoops, and 1 on all other backends.
func Loops(ctx context.Context) int { return max(1, len(kernel.Locate(ctx).Run().Loops())) }

// InLoop starts the task on the event loop with that number, which counts from 0, modulo
// the number of loops; so any number that is not negative may be given. Without EventLoops
// it has no effect.
func InLoop(i int) TaskOption {
	if i < 0 {
		panic(misuse("InLoop: the number is negative; use InAnyLoop for the loop with the fewest tasks"))
	}
	return TaskOption{&kernel.TaskMeta{Where: i + 1}}
}

// InAnyLoop starts the task on the event loop that has the fewest tasks. Without
// EventLoops it has no effect.
func InAnyLoop() TaskOption { return TaskOption{anyLoop} }

var anyLoop = &kernel.TaskMeta{Where: kernel.AnyLoop}

// A guestBackend is the event loop as the guest of a foreign one, see package anyioutils.
type guestBackend struct {
	eventLoopBackend
	host loop.Host
}

// NewRun makes a run whose tasks run in calls of the host.
func (b guestBackend) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	if err := b.refusal(); err != nil {
		return nil, err
	}
	g, err := eventloop.NewGuest(b.host)
	if err != nil {
		return nil, err
	}
	return kernel.NewRun(g, kernel.Traits{Loop: true}, ctx, cfg), nil
}

// guestOf adds a backend to the options of a run, an []RunOption, which may choose no other
// than the event loop.
func guestOf(options any, post, postHere func(f func()), burst time.Duration) (all any, err error) {
	opts := options.([]RunOption)
	var o runOptions
	for _, opt := range opts {
		opt(&o)
	}
	if _, ok := o.backend.(eventLoopBackend); !ok && o.backend != nil {
		return nil, misuse(fmt.Sprintf("the backend %q cannot be the guest of another loop: leave On out, or use On(EventLoop())", o.backend.Name()))
	}
	return append(opts[:len(opts):len(opts)], On(guestBackend{host: loop.Host{Post: post, PostHere: postHere, Burst: burst}})), nil
}
