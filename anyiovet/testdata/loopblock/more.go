//anyio:loop

package loopblock

import (
	"context"
	"database/sql"
	"time"

	"github.com/anyio-go/anyio/sim"
)

func whole(ctx context.Context) error {
	results := make(chan int)
	select {
	case results <- 1:
	default:
	}
	pause()
	time.Sleep(time.Second) // want `loopblock: Sleep holds up the loop`
	return sim.RunOnHost(ctx, "other", func(ctx context.Context) error {
		println(time.Now().Unix()) // want `loopblock: Now is not simulated`
		return nil
	})
}

func asks(ctx context.Context, db *sql.DB) error {
	return db.PingContext(ctx) // want `loopblock: PingContext holds up the loop: use RunBlocking`
}
