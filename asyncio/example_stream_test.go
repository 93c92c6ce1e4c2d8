package asyncio_test

import (
	"context"
	"fmt"
	"net"
	"strings"

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

// A server sends a part of a file behind a line of its own.
func ExampleLoop_SendFile() {
	file := strings.NewReader("once upon a time there was a file") // or an *os.File
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := asyncio.RunningLoop(ctx)
		if err != nil {
			return err
		}
		server, err := asyncio.StartServer(ctx, func(ctx context.Context, r *asyncio.StreamReader, w *asyncio.StreamWriter) error {
			defer w.Close()
			fmt.Fprintln(w, "here it is:")
			_, err := l.SendFile(ctx, w.Transport(), file, 17, 0)
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
		all, err := r.ReadAll(ctx)
		fmt.Printf("%s\n", all)
		return err
	})
	fmt.Println(err)
	// Output:
	// here it is:
	// there was a file
	// <nil>
}
