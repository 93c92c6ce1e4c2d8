// Package scatter is a backend for tests: event loops whose tasks go to the next loop each,
// unless they are told where to run. So what relies on tasks that take turns, because it
// runs on loops, is found by the tests that every backend has to pass.
package scatter

import (
	"context"

	"github.com/anyio-go/anyio/internal/eventloop"
	"github.com/anyio-go/anyio/internal/kernel"
)

// loops is how many there are: tasks and those that they wait for meet on the same loop
// now and then, and on different ones mostly.
const loops = 3

// Choice is what is given to anyio.On.
type Choice struct{}

// Name is not that of one of the backends that users have.
func (Choice) Name() string { return "scatter" }

// NewRun makes Choice a kernel.Maker.
func (c Choice) NewRun(ctx context.Context, cfg kernel.Config) (*kernel.Run, error) {
	r, err := eventloop.NewTeam(ctx, c.Name(), loops, cfg)
	if err == nil {
		r.Scatter()
	}
	return r, err
}

func init() {
	kernel.RegisterOffer(kernel.Offer{
		Name: Choice{}.Name(),
		Make: func() any { return Choice{} },
		Of:   func(any) kernel.Maker { return nil }, // a Choice is one itself
	})
}
