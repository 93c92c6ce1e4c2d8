package eventloop_test

import (
	"context"
	"time"

	"github.com/anyio-go/anyio/internal/eventloop"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/loop"
)

// A guestBackend is an event loop in a host that does nothing else.
type guestBackend struct{}

func (guestBackend) Name() string { return "guest" }

func (guestBackend) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	calls := make(chan func())
	g, err := eventloop.NewGuest(loop.Host{Post: func(f func()) { calls <- f }, Burst: 200 * time.Microsecond})
	if err != nil {
		return nil, err
	}
	return kernel.NewRun(&hostedGuest{g, calls}, kernel.Traits{Loop: true}, ctx, cfg), nil
}

// A hostedGuest ends with its host.
type hostedGuest struct {
	*eventloop.Guest
	calls chan func()
}

func (g *hostedGuest) Name() string { return "guest" }

func (g *hostedGuest) Main(t *kernel.Task) error {
	go func() {
		for f := range g.calls {
			f()
		}
	}()
	defer close(g.calls)
	return g.Guest.Main(t)
}

func init() {
	kernel.RegisterOffer(kernel.Offer{
		Name: "guest",
		Make: func() any { return guestBackend{} },
		Of: func(backend any) kernel.Maker {
			if m, ok := backend.(guestBackend); ok {
				return m
			}
			return nil
		},
	})
}
