// Loops serves echo and HTTP on several event loops at the same time. One program, one
// tree of tasks: the connections are distributed, each is served by one loop, and the end
// of the group is the end on all loops. Without clients of its own, and with
// anyio.EventLoops(0), it would use all cores.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiohttp"
	"github.com/anyio-go/anyio/socket"
)

const loops, clients = 3, 30

// echo sends back what comes, to the end of the connection.
func echo(ctx context.Context, conn *socket.Stream) error {
	defer conn.Close(ctx)
	buf := make([]byte, 4096) // no other task of the loop runs between Receive and Send
	for {
		n, err := conn.Receive(ctx, buf)
		if err == anyio.ErrEndOfStream {
			return nil
		}
		if err != nil {
			return err
		}
		if err := conn.Send(ctx, buf[:n]); err != nil {
			return err
		}
	}
}

// talk is a client, which keeps its connection until all have theirs.
func talk(addr string, all *sync.WaitGroup) error {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		all.Done()
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte("hello"))
	if err == nil {
		_, err = io.ReadFull(conn, make([]byte, 5))
	}
	all.Done()
	all.Wait()
	return err
}

func serve(ctx context.Context) error {
	echoes, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return err
	}
	defer echoes.Close(ctx)
	pages, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
	if err != nil {
		return err
	}
	var served [loops]atomic.Int32 // handlers on different loops run at the same time
	var answers atomic.Int32
	site := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answers.Add(1)
		fmt.Fprintln(w, "hello")
	})}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		serving := tg.Go(func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, conns *anyio.TaskGroup) error {
				return echoes.Serve(ctx, conns, func(ctx context.Context, conn *socket.Stream) error {
					info, _ := anyio.CurrentTask(ctx)
					served[info.Loop].Add(1)
					return echo(ctx, conn)
				})
			})
		}, anyio.Name("echo"))
		if err := run(ctx, func(all *sync.WaitGroup) error { return talk(echoes.Addr().String(), all) }); err != nil {
			return err
		}
		serving.Cancel("all have been served")
		tg.Go(func(ctx context.Context) error { return anyiohttp.Serve(ctx, site, pages, time.Second) }, anyio.Name("http"))
		err := run(ctx, func(all *sync.WaitGroup) error {
			defer all.Done()
			resp, err := http.Get("http://" + pages.Addr().String())
			if err != nil {
				return err
			}
			return resp.Body.Close()
		})
		http.DefaultClient.CloseIdleConnections()
		tg.Cancel("all have been served")
		return err
	})
	for i := range served {
		fmt.Printf("echo: %d connections on loop %d\n", served[i].Load(), i)
	}
	fmt.Printf("http: %d answers\n", answers.Load())
	return err
}

// run runs the clients, on goroutines outside.
func run(ctx context.Context, client func(all *sync.WaitGroup) error) error {
	return anyio.RunBlocking(ctx, func() error {
		errs := make(chan error, clients)
		var all sync.WaitGroup
		all.Add(clients)
		for range clients {
			go func() { errs <- client(&all) }()
		}
		for range clients {
			if err := <-errs; err != nil {
				return err
			}
		}
		return nil
	})
}

func main() {
	err := anyio.Run(context.Background(), serve, anyio.On(anyio.EventLoops(loops)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the end:", err)
}
