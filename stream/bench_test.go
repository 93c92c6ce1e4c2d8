package stream_test

import (
	"context"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// The shapes S4 to S7: what one writes today (peer) beside ours on each backend.

func BenchmarkStream(b *testing.B) {
	for _, s := range []struct {
		name          string
		buffer, pairs int
	}{{"S4", 128, 1}, {"S5", 0, 1}, {"S6", 16, 8}} {
		b.Run(s.name+"/peer", func(b *testing.B) { benchPeer(b, s.buffer, s.pairs) })
		b.Run(s.name+"/parallel", func(b *testing.B) { benchOurs(b, anyio.Parallel(), s.buffer, s.pairs) })
		b.Run(s.name+"/eventloop", func(b *testing.B) { benchOurs(b, anyio.EventLoop(), s.buffer, s.pairs) })
	}
	b.Run("S7/peer", benchPingPeer)
	b.Run("S7/parallel", func(b *testing.B) { benchPing(b, anyio.Parallel()) })
	b.Run("S7/eventloop", func(b *testing.B) { benchPing(b, anyio.EventLoop()) })
}

func share(n, of, i int) int {
	if i == 0 {
		return n/of + n%of
	}
	return n / of
}

func benchOurs(b *testing.B, on anyio.Backend, buffer, pairs int) {
	b.ReportAllocs()
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		b.ResetTimer()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			send, recv := stream.Memory[int](buffer)
			for i := range pairs {
				s := send.Clone()
				tg.Go(func(ctx context.Context) error {
					defer s.Close()
					for i := range share(b.N, pairs, i) {
						if err := s.Send(ctx, i); err != nil {
							return err
						}
					}
					return nil
				})
			}
			for range pairs {
				r := recv.Clone()
				tg.Go(func(ctx context.Context) error {
					defer r.Close()
					for {
						if _, err := r.Receive(ctx); err == anyio.ErrEndOfStream {
							return nil
						} else if err != nil {
							return err
						}
					}
				})
			}
			send.Close()
			recv.Close()
			return nil
		})
	}, anyio.On(on))
	if err != nil {
		b.Fatal(err)
	}
}

func benchPeer(b *testing.B, buffer, pairs int) {
	b.ReportAllocs()
	anyio.Run(context.Background(), func(context.Context) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c := make(chan int, buffer)
		senders, receivers := make(chan struct{}), make(chan struct{})
		for i := range pairs {
			go func() {
				for i := range share(b.N, pairs, i) {
					select {
					case c <- i:
					case <-ctx.Done():
						return
					}
				}
				senders <- struct{}{}
			}()
			go func() {
				for {
					select {
					case _, ok := <-c:
						if !ok {
							receivers <- struct{}{}
							return
						}
					case <-ctx.Done():
						return
					}
				}
			}()
		}
		for range pairs {
			<-senders
		}
		close(c)
		for range pairs {
			<-receivers
		}
		return nil
	})
}

func benchPing(b *testing.B, on anyio.Backend) {
	b.ReportAllocs()
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			sendX, recvX := stream.Memory[int](0)
			sendY, recvY := stream.Memory[int](0)
			tg.Go(func(ctx context.Context) error {
				for v, err := range recvX.All(ctx) {
					if err != nil {
						return err
					}
					if err := sendY.Send(ctx, v); err != nil {
						return err
					}
				}
				return nil
			})
			for i := range b.N {
				if err := sendX.Send(ctx, i); err != nil {
					return err
				}
				if _, err := recvY.Receive(ctx); err != nil {
					return err
				}
			}
			return sendX.Close()
		})
	}, anyio.On(on))
	if err != nil {
		b.Fatal(err)
	}
}

func benchPingPeer(b *testing.B) {
	b.ReportAllocs()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	x, y := make(chan int), make(chan int)
	go func() {
		for v := range x {
			select {
			case y <- v:
			case <-ctx.Done():
			}
		}
	}()
	for i := range b.N {
		select {
		case x <- i:
		case <-ctx.Done():
		}
		select {
		case <-y:
		case <-ctx.Done():
		}
	}
	close(x)
}
