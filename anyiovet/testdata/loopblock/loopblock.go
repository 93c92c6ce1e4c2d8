// Package loopblock has code of loops that holds them up.
package loopblock

import (
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/sim"
)

func onLoop(results chan int) error {
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		time.Sleep(time.Second) // want `loopblock: Sleep holds up the loop: use anyio.Sleep`
		println(<-results)      // want `loopblock: a receive from a channel holds up the loop`
		select {                // want `loopblock: a select statement holds up the loop: use anyio.Select`
		case <-results:
			time.Sleep(time.Second) // want `loopblock: Sleep holds up the loop`
		case <-ctx.Done():
		}
		var wg sync.WaitGroup
		wg.Wait() // want `loopblock: Wait holds up the loop: use a task group`
		begin := time.Now()
		println(begin.Unix(), rand.Int())
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				for n := range results { // want `loopblock: a loop over a channel holds up the loop`
					println(n)
				}
				return nil
			})
			return helper(ctx)
		})
	}, anyio.On(anyio.EventLoop()))
}

func helper(ctx context.Context) error {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", "localhost:80") // want `loopblock: DialContext holds up the loop: use package socket`
	if err != nil {
		return err
	}
	if err := exec.CommandContext(ctx, "true").Run(); err != nil { // want `loopblock: Run holds up the loop: use package process`
		return err
	}
	_, err = net.DefaultResolver.LookupHost(ctx, "localhost") // want `loopblock: LookupHost holds up the loop: use RunBlocking`
	if err != nil {
		return err
	}
	return conn.Close()
}

func inSimulation() (int, error) {
	return anyio.RunValue(context.Background(), func(ctx context.Context) (int, error) {
		if err := helper(ctx); err != nil { // what it does is reported once
			return 0, err
		}
		begin := time.Now()    // want `loopblock: Now is not simulated: use anyio.Now`
		println(begin.Unix())  //
		if rand.IntN(2) == 0 { // want `loopblock: IntN is not simulated: use anyio.Rand`
			return 0, nil
		}
		return rand.New(rand.NewPCG(1, 2)).IntN(2), anyio.Sleep(ctx, time.Second)
	}, anyio.On(sim.New(sim.Config{})))
}

func ofAsyncio(results chan int) error {
	return asyncio.Run(context.Background(), func(ctx context.Context) error {
		println(<-results, time.Now().Unix()) // want `loopblock: a receive from a channel`
		return nil
	})
}

// server runs on a loop.
//
//anyio:loop
func server(client *http.Client) error {
	pieces := make(chan int)
	pieces <- 1                                    // want `loopblock: a send to a channel holds up the loop`
	_, err := client.Get("http://localhost/index") // want `loopblock: Get holds up the loop: use RunBlocking`
	return err
}

// good is code of a loop that does not hold it up.
//
//anyio:sim
func good(ctx context.Context, unknown chan int) error {
	results := make(chan int, 1)
	results <- 1
	unknown <- 1
	queue := make(chan int)
	queue, _ = buffered()
	queue <- 1
	larger := make(chan int, 1)
	if cap(unknown) == 0 {
		larger = make(chan int)
	}
	larger <- 1
	select {
	case n := <-results:
		println(n)
	default:
	}
	go func() { time.Sleep(time.Second) }()
	var mu sync.Mutex
	mu.Lock()
	mu.Unlock()
	handler := func() { println(<-unknown) }
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { handler() })
	return anyio.RunBlocking(ctx, func() error {
		println(<-unknown, time.Now().Unix())
		return nil
	})
}

func buffered() (chan int, error) { return make(chan int, 1), nil }

// anywhere may run on goroutines.
func anywhere(ctx context.Context, results chan int) error {
	println(<-results)
	time.Sleep(time.Second)
	return ctx.Err()
}
