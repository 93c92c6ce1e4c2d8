package stream_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/stream"
)

func TestCopyCopiesEverythingAndLeavesTheEndToTheCaller(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		text := bytes.Repeat([]byte("0123456789"), 20_000)
		from, src := stream.Pipe(1000)
		dst, to := stream.Pipe(1000)
		for _, s := range []stream.ByteStream{from, src, dst, to} {
			defer func() { _ = s.Close(ctx) }()
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return errors.Join(from.Send(ctx, text), from.SendEOF(ctx)) })
			tg.Go(func(ctx context.Context) error {
				n, err := stream.Copy(ctx, dst, src)
				if n != int64(len(text)) || err != nil {
					t.Errorf("copied %d bytes, %v", n, err)
				}
				return dst.Send(ctx, []byte("!")) // its direction is still open
			})
			got := make([]byte, len(text)+1)
			if err := stream.NewBufferedReceiver(to).ReceiveFull(ctx, got); err != nil {
				return err
			}
			if string(got) != string(text)+"!" {
				t.Error("what arrived is not what was sent")
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestCopyReturnsTheErrorsOfBothSides(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		broken := stream.FromReader(io.MultiReader(bytes.NewReader([]byte("abc")), brokenReader{}))
		var got bytes.Buffer
		to := stream.FromWriter(&got)
		n, err := stream.Copy(ctx, to, broken)
		if n != 3 || !errors.Is(err, errBrokenReader) || got.String() != "abc" {
			t.Errorf("a source that breaks: %d bytes %q, %v", n, &got, err)
		}
		a, b := stream.Pipe(10)
		_ = b.Close(ctx)
		whole := stream.FromReader(bytes.NewReader([]byte("abc")))
		n, err = stream.Copy(ctx, a, whole)
		if n != 0 || !errors.Is(err, anyio.ErrBroken) {
			t.Errorf("a destination that nobody reads: %d bytes, %v", n, err)
		}
		for _, r := range []anyio.Resource{broken, to, whole, a} {
			_ = r.Close(ctx)
		}
	})
}

func TestCopyIsCanceled(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		a, b := stream.Pipe(10)
		defer func() { _, _ = a.Close(ctx), b.Close(ctx) }()
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				n, err := stream.Copy(ctx, a, a)
				if n != 0 || !errors.Is(err, anyio.ErrCanceled) {
					t.Errorf("copied %d bytes, %v", n, err)
				}
				return err
			})
			err := anyio.WaitAllTasksBlocked(ctx)
			tg.Cancel("test")
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

var errBrokenReader = errors.New("the disk is on fire")

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, errBrokenReader }

// An echo server is one Copy for each connection.
func ExampleCopy() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		client, server := stream.Pipe(100)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				defer server.Close(ctx)
				n, err := stream.Copy(ctx, server, server)
				fmt.Println("the server has sent", n, "bytes back")
				return err
			})
			defer client.Close(ctx)
			if err := client.Send(ctx, []byte("hello")); err != nil {
				return err
			}
			if err := client.SendEOF(ctx); err != nil {
				return err
			}
			all, err := io.ReadAll(stream.Reader(ctx, client))
			fmt.Printf("%s came back\n", all)
			return err
		})
	}, anyio.On(anyio.EventLoop()))
	fmt.Println(err)
	// Output:
	// the server has sent 5 bytes back
	// hello came back
	// <nil>
}
