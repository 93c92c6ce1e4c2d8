// Package kernels holds small programs with a bug each, which shows only in some orders of
// their tasks. They are made after bugs that are publicly known, and common mistakes, and say what a search finds:
// each must be found, and TestShares measures by which share of schedules.
package kernels

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/anyio-go/anyio"
)

// A kernel is a program with a bug.
type kernel struct {
	name string
	from string // whose facts it has, or common
	run  act    // it fails, or never ends, where the bug shows
}

// common is a mistake that many have made.
const common = "common"

// bugs are the kernels, but for the chains.
func bugs() []kernel {
	var ks []kernel
	for _, of := range [][]kernel{locks, mixed, waits, streams, updates, orders, queues, cancels} {
		ks = append(ks, of...)
	}
	return ks
}

// An act is what a task does, or a part of it.
type act = func(ctx context.Context) error

// A cell is a variable that tasks share. Its accesses are atomic, so that the race detector
// has no say; others run between two of them where the kernel gives way.
type cell = atomic.Int64

// together runs acts as tasks.
func together(ctx context.Context, acts ...act) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, a := range acts {
			tg.Go(a)
		}
		return nil
	})
}

// seq is acts one after the other.
func seq(acts ...act) act {
	return func(ctx context.Context) error {
		for _, a := range acts {
			if err := a(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// times is an act several times.
func times(n int, a act) act {
	return func(ctx context.Context) error {
		for range n {
			if err := a(ctx); err != nil {
				return err
			}
		}
		return nil
	}
}

// give lets others run.
func give(ctx context.Context) error { return anyio.Sleep(ctx, 0) }

// do is an act that lets nobody run by itself.
func do(f func()) act {
	return func(context.Context) error {
		f()
		return nil
	}
}

// release is the act of l.Release.
func release(l interface{ Release() }) act { return do(l.Release) }

// locked is an act under a lock.
func locked(l interface {
	Acquire(ctx context.Context) error
	Release()
}, a act) act {
	return func(ctx context.Context) error {
		if err := l.Acquire(ctx); err != nil {
			return err
		}
		defer l.Release()
		return a(ctx)
	}
}

// errBug is what a kernel fails with.
var errBug = errors.New("the bug shows")

// bug fails if the bug shows.
func bug(shows bool, format string, args ...any) error {
	if !shows {
		return nil
	}
	return fmt.Errorf("%w: %s", errBug, fmt.Sprintf(format, args...))
}

// repeat returns n acts that are alike.
func repeat(n int, a act) []act {
	acts := make([]act, n)
	for i := range acts {
		acts[i] = a
	}
	return acts
}

// closed closes what a kernel has made. Its tasks are over by then.
func closed(rs ...anyio.Resource) {
	for _, r := range rs {
		_ = r.Close(context.Background())
	}
}
