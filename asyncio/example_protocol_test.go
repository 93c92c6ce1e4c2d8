package asyncio_test

import (
	"context"
	"fmt"
	"net"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/asyncio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// An upper sends back what it gets, in capitals.
type upper struct {
	asyncio.ProtocolDefaults
	tr asyncio.Transport
}

func (p *upper) ConnectionMade(tr asyncio.Transport) { p.tr = tr }

func (p *upper) DataReceived(data []byte) {
	for i, c := range data {
		if 'a' <= c && c <= 'z' {
			data[i] = c - 'a' + 'A'
		}
	}
	p.tr.Write(data)
}

func (p *upper) ConnectionLost(err error) { fmt.Println("lost:", err) }

func ExampleLoop_CreateServer() {
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := asyncio.RunningLoop(ctx)
		if err != nil {
			return err
		}
		server, err := l.CreateServer(ctx, func() asyncio.BaseProtocol { return &upper{} }, asyncio.ServerOptions{Hosts: []string{"127.0.0.1"}})
		if err != nil {
			return err
		}
		defer server.Close()

		// Functions of package anyio work here, too.
		client, err := socket.DialTCP(ctx, "127.0.0.1", server.Sockets()[0].LocalAddr().(*net.TCPAddr).Port)
		if err != nil {
			return err
		}
		defer client.Close(ctx)
		if err := client.Send(ctx, []byte("hello")); err != nil {
			return err
		}
		buf := make([]byte, 16)
		n, err := client.Receive(ctx, buf)
		fmt.Printf("%s\n", buf[:n])
		_ = client.SendEOF(ctx)
		_, _ = client.Receive(ctx, buf) // the end
		return err
	})
	fmt.Println(err)
	// Output:
	// HELLO
	// lost: <nil>
	// <nil>
}

// A line is a protocol that tells the first data it gets.
type line struct {
	asyncio.ProtocolDefaults
	got *asyncio.Future[string]
}

func (p *line) ConnectionMade(tr asyncio.Transport) { tr.Write([]byte("is anybody there?")) }
func (p *line) DataReceived(data []byte)            { _ = p.got.SetResult(string(data)) }

// A protocol meets the faults of a simulated network, the same ones for the same seed.
func ExampleLoop_CreateConnection_simulation() {
	s := sim.New(sim.Config{Seed: 1})
	err := asyncio.Run(context.Background(), func(ctx context.Context) error {
		l, err := asyncio.RunningLoop(ctx)
		if err != nil {
			return err
		}
		n := sim.NetworkOf(ctx)
		_ = n.AddHost("server", sim.HostConfig{})
		_ = n.AddHost("client", sim.HostConfig{})
		err = sim.RunOnHost(ctx, "server", func(ctx context.Context) error {
			_, err := l.CreateServer(ctx, func() asyncio.BaseProtocol { return &upper{} }, asyncio.ServerOptions{Port: 80})
			return err
		})
		if err != nil {
			return err
		}
		return sim.RunOnHost(ctx, "client", func(ctx context.Context) error {
			p := &line{got: asyncio.NewFuture[string](ctx)}
			n.Link("client", "server", sim.Link{Loss: 0.3})
			tr, _, err := l.CreateConnection(ctx, func() asyncio.BaseProtocol { return p }, asyncio.ConnectionOptions{Host: "server", Port: 80})
			if err != nil {
				return err
			}
			defer tr.Abort()
			answer, err := p.got.Await(ctx)
			fmt.Println(answer)
			return err
		})
	}, anyio.On(s))
	fmt.Println(err)
	// Output:
	// IS ANYBODY THERE?
	// <nil>
}
