package main

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"github.com/anyio-go/anyio"
	"golang.org/x/sync/errgroup"
)

// nothing is the body of everything here; a variable, so that nothing is inlined
// on either side.
var nothing = func(context.Context) error { return nil }

// nothingAtAll is nothing for errgroup.
var nothingAtAll = func() error { return nil }

// --- S1: spawn and join ---

func spawnJoin(size int) func(context.Context, *meter, int) error {
	return func(ctx context.Context, m *meter, n int) error {
		group := func() error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range size {
					tg.Go(nothing)
				}
				return nil
			})
		}
		return repeat(m, n/size, group)
	}
}

func errgroupJoin(size int) func(*meter, int) error {
	return func(m *meter, n int) error {
		root, cancel := context.WithCancel(context.Background())
		defer cancel()
		group := func() error {
			g, _ := errgroup.WithContext(root)
			for range size {
				g.Go(nothingAtAll)
			}
			return g.Wait()
		}
		return repeat(m, n/size, group)
	}
}

// errgroupContextJoin gives each child a context of its own, as ours always have.
func errgroupContextJoin(size int) func(*meter, int) error {
	return func(m *meter, n int) error {
		root, cancel := context.WithCancel(context.Background())
		defer cancel()
		group := func() error {
			g, ctx := errgroup.WithContext(root)
			for range size {
				g.Go(func() error {
					own, cancel := context.WithCancel(ctx)
					defer cancel()
					return nothing(own)
				})
			}
			return g.Wait()
		}
		return repeat(m, n/size, group)
	}
}

// repeat measures f done times times, after once for warmth.
func repeat(m *meter, times int, f func() error) error {
	if err := f(); err != nil {
		return err
	}
	m.start()
	defer m.stop()
	for range times {
		if err := f(); err != nil {
			return err
		}
	}
	return nil
}

// --- S2, S3: scopes round code that does not block ---

func failAfter(ctx context.Context, m *meter, n int) error {
	m.start()
	defer m.stop()
	for range n {
		if err := anyio.FailAfter(ctx, time.Minute, nothing); err != nil {
			return err
		}
	}
	return nil
}

func withTimeout(m *meter, n int) error {
	root, stop := context.WithCancel(context.Background())
	defer stop()
	m.start()
	defer m.stop()
	for range n {
		ctx, cancel := context.WithTimeout(root, time.Minute)
		err := nothing(ctx)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

func cancelScope(ctx context.Context, m *meter, n int) error {
	body := func(ctx context.Context, _ *anyio.CancelScope) error { return nothing(ctx) }
	m.start()
	defer m.stop()
	for range n {
		if err := anyio.WithCancelScope(ctx, body); err != nil {
			return err
		}
	}
	return nil
}

func withCancel(m *meter, n int) error {
	root, stop := context.WithCancel(context.Background())
	defer stop()
	m.start()
	defer m.stop()
	for range n {
		ctx, cancel := context.WithCancel(root)
		err := nothing(ctx)
		cancel()
		if err != nil {
			return err
		}
	}
	return nil
}

// --- S9a: from cancel to the exit of the last of many blocked tasks ---

// settle is how long tasks that are about to block get to do so.
const settle = 2 * time.Millisecond

func cancelBlocked(size int) func(context.Context, *meter, int) error {
	return func(ctx context.Context, m *meter, n int) error {
		for range n / size {
			var never anyio.Event
			var up atomic.Int64
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				for range size {
					tg.Go(func(ctx context.Context) error {
						up.Add(1)
						return never.Wait(ctx)
					})
				}
				for up.Load() < int64(size) {
					if err := anyio.Sleep(ctx, 0); err != nil {
						return err
					}
				}
				if err := anyio.Sleep(ctx, settle); err != nil {
					return err
				}
				m.start()
				tg.Cancel("enough")
				return nil
			})
			m.stop()
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func errgroupCancelBlocked(size int) func(*meter, int) error {
	return func(m *meter, n int) error {
		never := make(chan struct{})
		for range n / size {
			root, cancel := context.WithCancel(context.Background())
			g, ctx := errgroup.WithContext(root)
			var up sync.WaitGroup
			up.Add(size)
			for range size {
				g.Go(func() error {
					up.Done()
					select {
					case <-never:
						return nil
					case <-ctx.Done():
						return ctx.Err()
					}
				})
			}
			up.Wait()
			time.Sleep(settle)
			m.start()
			cancel()
			err := g.Wait()
			m.stop()
			if !errors.Is(err, context.Canceled) {
				return err
			}
		}
		return nil
	}
}
