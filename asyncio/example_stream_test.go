package asyncio_test

import (
	"context"
	"fmt"
	"net"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/sim"
)

func ExampleStartServer() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		server, err := asyncio.StartServer(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			name, err := r.ReadLine(ctx)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(w, "hello, %s", name)
			return err
		}, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}}, 0)
		if err != nil {
			return err
		}
		defer server.Close()
		port := server.Sockets()[0].LocalAddr().(*net.TCPAddr).Port
		r, w, err := asyncio.OpenConnection(ctx, asyncio.ConnectionOptions{Host: "127.0.0.1", Port: port}, 0)
		if err != nil {
			return err
		}
		defer w.Close()
		_, _ = w.Write([]byte("gopher\n"))
		answer, err := r.ReadLine(ctx)
		fmt.Printf("%s", answer)
		return err
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	fmt.Println(err)
	// Output:
	// hello, gopher
	// <nil>
}
