// Package directive has directives that turn rules off.
package directive

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
)

func lines(ctx context.Context) {
	anyio.Sleep(ctx, time.Second) //anyiovet:ignore droppederr it is the end
	//anyiovet:ignore droppederr,errcmp it is the end
	anyio.Sleep(ctx, time.Second)
	anyio.Sleep(ctx, time.Second) // want `droppederr: .*`

	anyio.Sleep(ctx, time.Second) //anyiovet:ignore errcmp it is another rule // want `droppederr: .*`
	anyio.Sleep(ctx, time.Second) //anyiovet:ignoredroppederr no // want `droppederr: .*`
}

// function is marked as a whole.
//
//anyiovet:ignore droppederr all of it
func function(ctx context.Context) {
	anyio.Sleep(ctx, time.Second)

	anyio.Sleep(ctx, time.Second)
}

func useless(ctx context.Context) {
	/* want `directive: the directive turns nothing off` */ //anyiovet:ignore droppederr
	anyio.Sleep(ctx, time.Second)                           // want `droppederr: .*`
	/* want `directive: the directive turns nothing off` */ //anyiovet:ignore
	/* want `directive: anyiovet has no rule "dropederr"` */ //anyiovet:ignore dropederr it is the end
	anyio.Sleep(ctx, time.Second)                            // want `droppederr: .*`
}
