package tlsstream_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/stream"
	"github.com/anyio-go/anyio/tlsstream"
)

// Both sides of a connection in one program. A real client would be given a
// connection of package socket, and a nil config.
func Example() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		here, there := stream.Pipe(1000)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				server, err := tlsstream.Server(ctx, there, serverConfig(), nil)
				if err != nil {
					return err
				}
				defer server.Close(ctx)
				return server.Send(ctx, []byte("hello"))
			})
			client, err := tlsstream.Client(ctx, here, clientConfig(), &tlsstream.Options{Hostname: "server.test"})
			if err != nil {
				return err
			}
			defer client.Close(ctx)
			buf := make([]byte, 100)
			for {
				n, err := client.Receive(ctx, buf)
				if errors.Is(err, anyio.ErrEndOfStream) {
					fmt.Println("that was all")
					return nil
				} else if err != nil {
					return err
				}
				fmt.Printf("%s\n", buf[:n])
			}
		})
	})
	fmt.Println(err)
	// Output:
	// hello
	// that was all
	// <nil>
}

// STARTTLS: a connection begins in plain text and goes on with TLS.
func Example_startTLS() {
	server := func(ctx context.Context, conn stream.ByteStream) error {
		buf := make([]byte, 100)
		n, err := conn.Receive(ctx, buf) // a real server uses stream.Buffered, and refuses what follows the line
		if err != nil || string(buf[:n]) != "STARTTLS\r\n" {
			return fmt.Errorf("%q, %w", buf[:n], err)
		}
		if err := conn.Send(ctx, []byte("220 go ahead\r\n")); err != nil {
			return err
		}
		secure, err := tlsstream.Server(ctx, conn, serverConfig(), nil)
		if err != nil {
			return err
		}
		defer secure.Close(ctx)
		return secure.Send(ctx, []byte("250 this is secret"))
	}
	client := func(ctx context.Context, conn stream.ByteStream) error {
		if err := conn.Send(ctx, []byte("STARTTLS\r\n")); err != nil {
			return err
		}
		buf := make([]byte, 100)
		n, err := conn.Receive(ctx, buf)
		if err != nil {
			return err
		}
		fmt.Printf("in plain text: %q\n", buf[:n])
		secure, err := tlsstream.Client(ctx, conn, clientConfig(), &tlsstream.Options{Hostname: "server.test"})
		if err != nil {
			return err
		}
		defer secure.Close(ctx)
		n, err = secure.Receive(ctx, buf)
		fmt.Printf("encrypted: %q\n", buf[:n])
		return err
	}
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		a, b := stream.Pipe(1000)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return server(ctx, b) })
			return client(ctx, a)
		})
	})
	fmt.Println(err)
	// Output:
	// in plain text: "220 go ahead\r\n"
	// encrypted: "250 this is secret"
	// <nil>
}

func ExampleNewListener() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		inner := stream.NewPipeListener(1000) // a listener of package socket, say
		listener, err := tlsstream.NewListener(inner, serverConfig(), nil)
		if err != nil {
			return err
		}
		defer listener.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return listener.Serve(ctx, nil, func(ctx context.Context, conn *tlsstream.Stream) error {
					defer conn.Close(ctx)
					return conn.Send(ctx, []byte("welcome"))
				})
			})
			conn, err := tlsstream.NewConnectable(inner, clientConfig(), nil).Connect(ctx)
			if err != nil {
				return err
			}
			defer conn.Close(ctx)
			buf := make([]byte, 100)
			n, err := conn.Receive(ctx, buf)
			fmt.Printf("%s\n", buf[:n])
			tg.Cancel("that was all")
			return err
		})
	})
	fmt.Println(err)
	// Output:
	// welcome
	// <nil>
}

// Attributes tell what was agreed on, and those of the transport are there, too.
func ExampleStream_Attributes() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		a, b := stream.Pipe(10000)
		client, server, _, _ := shake(ctx, a, b, side{config: clientConfig()}, side{config: serverConfig()})
		defer client.Close(ctx)
		defer server.Close(ctx)
		cert, err := attr.Get(client, tlsstream.AttrPeerCertificate)
		fmt.Println(cert.Subject, err)
		fmt.Println(attr.Get(server, tlsstream.AttrServerSide))
		return nil
	})
	fmt.Println(err)
	// Output:
	// CN=server.test <nil>
	// true <nil>
	// <nil>
}
