package anyio

import (
	"context"
	"fmt"
	"time"

	"github.com/anyio-go/anyio/internal/eventloop"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
)

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
