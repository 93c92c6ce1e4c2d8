package main

import (
	"context"
	"runtime"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// --- S8a: a lock that nobody else wants ---

func lock(ctx context.Context, m *meter, n int) error {
	var mu anyio.Lock
	m.start()
	defer m.stop()
	for range n {
		if err := mu.Acquire(ctx); err != nil {
			return err
		}
		mu.Release()
	}
	return nil
}

func weighted(m *meter, n int) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	sem := semaphore.NewWeighted(1)
	m.start()
	defer m.stop()
	for range n {
		if err := sem.Acquire(ctx, 1); err != nil {
			return err
		}
		sem.Release(1)
	}
	return nil
}

// --- S8b: a lock that eight tasks want all the time ---

const contenders = 8

// lockContended lets the tasks count under one lock. The holder gives way in between: on
// one thread they would never meet else, and on several ones only when the system runs
// them at the same time.
func lockContended(ctx context.Context, m *meter, n int) error {
	var mu anyio.Lock
	counter := 0
	m.start()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for i := range contenders {
			tg.Go(func(ctx context.Context) error {
				for range part(n, i, contenders) {
					if err := mu.Acquire(ctx); err != nil {
						return err
					}
					counter++
					err := lowlevel.Checkpoint(ctx)
					mu.Release()
					if err != nil {
						return err
					}
				}
				return nil
			})
		}
		return nil
	})
	m.stop()
	return checkCount(err, counter, n)
}

func weightedContended(m *meter, n int) error {
	root, cancel := context.WithCancel(context.Background())
	defer cancel()
	sem := semaphore.NewWeighted(1)
	counter := 0
	m.start()
	g, ctx := errgroup.WithContext(root)
	for i := range contenders {
		g.Go(func() error {
			for range part(n, i, contenders) {
				if err := sem.Acquire(ctx, 1); err != nil {
					return err
				}
				counter++
				runtime.Gosched()
				sem.Release(1)
			}
			return nil
		})
	}
	err := g.Wait()
	m.stop()
	return checkCount(err, counter, n)
}
