package stream_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// A protocol of lines, with a body whose size a line tells.
func ExampleBufferedReceiver() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		a, b := stream.Pipe(100)
		defer a.Close(ctx)
		in := stream.NewBufferedReceiver(b)
		defer in.Close(ctx)
		if err := a.Send(ctx, []byte("size 5\r\nhello")); err != nil {
			return err
		}
		line, err := in.ReceiveUntil(ctx, "\r\n", 80)
		fmt.Printf("%s %v\n", line, err)
		body, err := in.ReceiveExactly(ctx, 5)
		fmt.Printf("%s %v\n", body, err)
		return nil
	})
	fmt.Println(err)
	// Output:
	// size 5 <nil>
	// hello <nil>
	// <nil>
}

func ExampleBufferedReceiver_Lines() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		a, b := stream.Pipe(100)
		in := stream.NewBufferedReceiver(b)
		defer in.Close(ctx)
		if err := a.Send(ctx, []byte("one\r\ntwo\nthree")); err != nil {
			return err
		}
		a.Close(ctx)
		for line, err := range in.Lines(ctx, 80) {
			fmt.Printf("%s %v\n", line, err)
		}
		return nil
	})
	fmt.Println(err)
	// Output:
	// one <nil>
	// two <nil>
	// three <nil>
	// <nil>
}

func ExampleStaple() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		out, farIn := stream.Pipe(100)
		in, farOut := stream.Pipe(100)
		s := stream.Staple(out, in)
		if err := s.Send(ctx, []byte("question")); err != nil {
			return err
		}
		if err := s.SendEOF(ctx); err != nil {
			return err
		}
		if err := farOut.Send(ctx, []byte("answer")); err != nil {
			return err
		}
		buf := make([]byte, 20)
		n, err := s.Receive(ctx, buf)
		fmt.Println(string(buf[:n]), err)
		fmt.Println(s.Close(ctx), farIn.Close(ctx), farOut.Close(ctx))
		return nil
	})
	fmt.Println(err)
	// Output:
	// answer <nil>
	// <nil> <nil> <nil>
	// <nil>
}

func ExampleNewTextReceiver() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		a, b := stream.Pipe(100)
		text, err := stream.NewTextReceiver(b, stream.Encoding("shift_jis"))
		if err != nil {
			return err
		}
		defer text.Close(ctx)
		if err := a.Send(ctx, []byte{0x93}); err != nil { // half of a character
			return err
		}
		if err := a.Send(ctx, []byte{0xfa, 0x96, 0x7b}); err != nil {
			return err
		}
		a.Close(ctx)
		var all strings.Builder
		for part, err := range stream.All(ctx, text) {
			if err != nil {
				return err
			}
			all.WriteString(part)
		}
		fmt.Println(all.String())
		return nil
	})
	fmt.Println(err)
	// Output:
	// 日本
	// <nil>
}

func ExampleNewMultiListener() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		l1, l2 := stream.NewPipeListener(10), stream.NewPipeListener(10)
		both := stream.NewMultiListener[stream.ByteStream](l1, l2)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error {
				return both.Serve(ctx, nil, func(ctx context.Context, conn stream.ByteStream) error {
					defer conn.Close(ctx)
					return conn.Send(ctx, []byte("welcome\n"))
				})
			})
			for _, l := range []*stream.PipeListener{l1, l2} {
				s, err := stream.BufferedConnectable(l).Connect(ctx)
				if err != nil {
					return err
				}
				line, err := s.ReceiveUntil(ctx, "\n", 80)
				fmt.Println(string(line), err)
				s.Close(ctx)
			}
			tg.Cancel("done")
			return both.Close(ctx)
		})
	})
	fmt.Println(err)
	// Output:
	// welcome <nil>
	// welcome <nil>
	// <nil>
}

// What comes is handled as it comes, until the other side has said all.
func ExamplePieces() {
	ctx := context.Background()
	a, b := stream.Pipe(100)
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(func(ctx context.Context) error {
			defer a.Close(ctx)
			return a.Send(ctx, []byte("all that there is to say"))
		})
		defer b.Close(ctx)
		total := 0
		for piece, err := range stream.Pieces(ctx, b, 10) {
			if err != nil {
				return err
			}
			total += len(piece)
		}
		fmt.Println(total, "bytes")
		return nil
	})
	fmt.Println(err)
	// Output:
	// 24 bytes
	// <nil>
}
