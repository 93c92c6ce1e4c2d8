//anyiovet:ignore droppederr this file shows only the other lines

package directive

import (
	"context"
	"time"

	"github.com/anyio-go/anyio"
)

func whole(ctx context.Context) {
	anyio.Sleep(ctx, time.Second)

	anyio.Sleep(ctx, time.Second)
}
