package stream_test

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/attr"
	"github.com/anyio-go/anyio/stream"
)

func ExamplePipe() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			client, server := stream.Pipe(0)
			defer client.Close(ctx)
			tg.Go(func(ctx context.Context) error {
				defer server.Close(ctx)
				buf := make([]byte, 100)
				n, err := server.Receive(ctx, buf)
				if err != nil {
					return err
				}
				return server.Send(ctx, []byte("you said "+string(buf[:n])))
			})
			if err := client.Send(ctx, []byte("hello")); err != nil {
				return err
			}
			answer, err := io.ReadAll(stream.Reader(ctx, client))
			fmt.Printf("%s\n", answer)
			return err
		})
	})
	fmt.Println(err)
	// Output:
	// you said hello
	// <nil>
}

// Packages that know readers and writers work on streams.
func ExampleReader() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			a, b := stream.Pipe(0)
			defer b.Close(ctx)
			tg.Go(func(ctx context.Context) error {
				defer a.Close(ctx)
				z := gzip.NewWriter(stream.Writer(ctx, a))
				if _, err := z.Write([]byte("one\ntwo\n")); err != nil {
					return err
				}
				return z.Close()
			})
			z, err := gzip.NewReader(stream.Reader(ctx, b))
			if err != nil {
				return err
			}
			lines := bufio.NewScanner(z)
			for lines.Scan() {
				fmt.Println(lines.Text())
			}
			return lines.Err()
		})
	})
	fmt.Println(err)
	// Output:
	// one
	// two
	// <nil>
}

// A deadline interrupts a call, and the connection works on afterwards.
func ExampleNetConn() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		a, b := stream.Pipe(10)
		defer b.Close(ctx)
		conn := stream.NetConn(ctx, a)
		defer conn.Close()

		buf := make([]byte, 10)
		conn.SetReadDeadline(anyio.Now(ctx).Add(time.Millisecond))
		_, err := conn.Read(buf)
		fmt.Println(errors.Is(err, os.ErrDeadlineExceeded), err)

		conn.SetReadDeadline(time.Time{})
		if err := b.Send(ctx, []byte("late")); err != nil {
			return err
		}
		n, err := conn.Read(buf)
		fmt.Println(string(buf[:n]), err)
		return nil
	})
	fmt.Println(err)
	// Output:
	// true read memory memory->memory: i/o timeout
	// late <nil>
	// <nil>
}

// An http.Server and its client, connected in memory.
func ExampleNetListener() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		listener := stream.NewPipeListener(4096)
		server := http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(w, "you asked for %s", r.URL.Path)
		})}
		defer server.Close() // closes the listener, too
		go server.Serve(stream.NetListener(ctx, listener))

		client := http.Client{Transport: &http.Transport{
			DialContext: stream.DialContext(ctx, func(ctx context.Context, network, address string) (stream.ByteStream, error) {
				return listener.Connect(ctx)
			}),
		}}
		defer client.CloseIdleConnections()
		resp, err := client.Get("http://in.memory/page")
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		fmt.Printf("%s\n", body)
		return err
	})
	fmt.Println(err)
	// Output:
	// you asked for /page
	// <nil>
}

// A Read that nothing can interrupt is left alone when the scope is canceled; what
// it returns later is not lost.
func ExampleFromReader() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		r, w := io.Pipe() // stands for a terminal
		s := stream.FromReader(r)
		defer s.Close(ctx)
		buf := make([]byte, 100)
		timedOut, err := anyio.MoveOnAfter(ctx, time.Millisecond, func(ctx context.Context) error {
			_, err := s.Receive(ctx, buf)
			return err
		})
		fmt.Println("timed out:", timedOut, err)
		go w.Write([]byte("typed later"))
		n, err := s.Receive(ctx, buf)
		fmt.Println(string(buf[:n]), err)
		return nil
	}, anyio.On(anyio.EventLoop()))
	fmt.Println(err)
	// Output:
	// timed out: true <nil>
	// typed later <nil>
	// <nil>
}

func ExampleFromReadWriteCloser() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		var sent strings.Builder
		s := stream.FromReadWriteCloser(struct {
			io.Reader
			io.Writer
			io.Closer
		}{strings.NewReader("from the device"), &sent, io.NopCloser(nil)})
		defer s.Close(ctx)
		if err := s.Send(ctx, []byte("to the device")); err != nil {
			return err
		}
		buf := make([]byte, 100)
		n, err := s.Receive(ctx, buf)
		fmt.Printf("%s, %s\n", sent.String(), buf[:n])
		return err
	})
	fmt.Println(err)
	// Output:
	// to the device, from the device
	// <nil>
}

func ExampleOpenFile() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	err = anyio.Run(context.Background(), func(ctx context.Context) error {
		path := filepath.Join(dir, "log")
		w, err := stream.AppendFile(ctx, path)
		if err != nil {
			return err
		}
		err = errors.Join(w.Send(ctx, []byte("a line\n")), w.Close(ctx))
		if err != nil {
			return err
		}
		r, err := stream.OpenFile(ctx, path)
		if err != nil {
			return err
		}
		defer r.Close(ctx)
		name, err := attr.Get(r, stream.AttrFilePath)
		fmt.Println(filepath.Base(name), err)
		if _, err := r.Seek(ctx, 2, io.SeekStart); err != nil {
			return err
		}
		buf := make([]byte, 100)
		n, err := r.Receive(ctx, buf)
		fmt.Printf("%q %v\n", buf[:n], err)
		return nil
	})
	fmt.Println(err)
	// Output:
	// log <nil>
	// "line\n" <nil>
	// <nil>
}
