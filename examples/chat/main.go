// Chat is a chat server that a slow or dead client cannot hold up, and that ends in
// good order. Each line that somebody sends goes to everybody; the first one is the
// name. Any program that sends lines is a client:
//
//	chat -listen :7000
//	anyio nc localhost 7000
//
// Without -listen it shows itself in the simulator, whose network is partitioned
// while people talk. The test does the same with many seeds.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/socket"
)

func main() {
	listen := flag.String("listen", "", "`address` to serve at; without it the program shows itself")
	flag.Parse()
	run := demonstrate
	if *listen != "" {
		run = func() error { return serveAt(*listen) }
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "chat:", err)
		os.Exit(1)
	}
}

// serveAt is the program on a real network.
func serveAt(address string) error {
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		l, err := socket.Listen(ctx, "tcp", address)
		if err != nil {
			return err
		}
		r := &room{said: func(ctx context.Context, line string) { fmt.Println(anyio.Now(ctx).Format(time.TimeOnly), line) }}
		return r.serve(ctx, l)
	})
}

// serve serves until a signal comes. Then nobody is accepted any more, everybody is
// told, what was said before is delivered, and who does not take it in time is cut.
func (r *room) serve(ctx context.Context, l *socket.TCPListener) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, conns *anyio.TaskGroup) error {
		err := signals.WithShutdown(ctx, func(ctx context.Context) error { return l.Serve(ctx, conns, r.handle) })
		err = errors.Join(err, l.Close(ctx))
		if _, ok := errors.AsType[*signals.Error](err); !ok {
			return err
		}
		conns.SetDeadline(anyio.Now(ctx).Add(goodbyeLimit))
		r.close(ctx)
		return nil
	})
}
