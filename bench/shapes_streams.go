package main

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/stream"
)

// --- S4, S5, S6: items through a stream ---

// part is how many of n items worker i of w moves.
func part(n, i, w int) int {
	if i < n%w {
		return n/w + 1
	}
	return n / w
}

// unlessEnd is err, or nil for the end of a stream.
func unlessEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// pump moves n items from so many senders to as many receivers.
func pump(buffer, workers int) func(context.Context, *meter, int) error {
	return func(ctx context.Context, m *meter, n int) error {
		send, recv := stream.Memory[int](buffer)
		m.start()
		defer m.stop()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer send.Close(ctx)
			defer recv.Close(ctx)
			for i := range workers {
				to, from := send.Clone(), recv.Clone()
				tg.Go(func(ctx context.Context) error {
					defer to.Close(ctx)
					for item := range part(n, i, workers) {
						if err := to.Send(ctx, item); err != nil {
							return err
						}
					}
					return nil
				})
				tg.Go(func(ctx context.Context) error {
					defer from.Close(ctx)
					for {
						if _, err := from.Receive(ctx); err != nil {
							return unlessEnd(err)
						}
					}
				})
			}
			return nil
		})
	}
}

// pumpChannel does so through a channel, in selects with a context.
func pumpChannel(buffer, workers int) func(*meter, int) error {
	return func(m *meter, n int) error {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c := make(chan int, buffer)
		m.start()
		defer m.stop()
		var senders, receivers sync.WaitGroup
		for i := range workers {
			senders.Go(func() {
				for item := range part(n, i, workers) {
					select {
					case c <- item:
					case <-ctx.Done():
						return
					}
				}
			})
			receivers.Go(func() {
				for {
					select {
					case _, ok := <-c:
						if !ok {
							return
						}
					case <-ctx.Done():
						return
					}
				}
			})
		}
		senders.Wait()
		close(c)
		receivers.Wait()
		return nil
	}
}

// --- S7: round trips over two streams ---

func pingPong(ctx context.Context, m *meter, n int) error {
	ask, asked := stream.Memory[int](0)
	answer, answered := stream.Memory[int](0)
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer answered.Close(ctx)
		defer ask.Close(ctx)
		tg.Go(func(ctx context.Context) error {
			defer asked.Close(ctx)
			defer answer.Close(ctx)
			for {
				v, err := asked.Receive(ctx)
				if err != nil {
					return unlessEnd(err)
				}
				if err := answer.Send(ctx, v); err != nil {
					return err
				}
			}
		})
		m.start()
		defer m.stop()
		for i := range n {
			if err := ask.Send(ctx, i); err != nil {
				return err
			}
			if _, err := answered.Receive(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

func pingPongChannel(m *meter, n int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	ask, answer := make(chan int), make(chan int)
	go func() {
		for {
			select {
			case v := <-ask:
				select {
				case answer <- v:
				case <-ctx.Done():
					return
				}
			case <-ctx.Done():
				return
			}
		}
	}()
	m.start()
	defer m.stop()
	for i := range n {
		select {
		case ask <- i:
		case <-ctx.Done():
			return ctx.Err()
		}
		select {
		case <-answer:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return nil
}
