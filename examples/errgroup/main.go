// Errgroup shows what code written with golang.org/x/sync/errgroup becomes: the same
// shape, and every error kept, results without index juggling, panics that arrive
// where the group was opened, and cleanup that still has a living context.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/anyio-go/anyio"
)

// fetch stands for any call that takes a context.
func fetch(ctx context.Context, url string) (int, error) {
	if err := anyio.Sleep(ctx, 5*time.Millisecond); err != nil {
		return 0, err
	}
	return len(url) * 100, nil
}

// fetchAll fetches with at most three requests at a time. Before:
//
//	g, ctx := errgroup.WithContext(ctx)
//	g.SetLimit(3)
//	sizes := make([]int, len(urls))
//	for i, url := range urls {
//		g.Go(func() (err error) {
//			sizes[i], err = fetch(ctx, url)
//			return err
//		})
//	}
//	if err := g.Wait(); err != nil {
//		return nil, err
//	}
//	return sizes, nil
func fetchAll(ctx context.Context, urls []string) ([]int, error) {
	return anyio.Map(ctx, urls, 3, fetch)
}

// copyOut copies a snapshot to two places; one fails, and so does the cleanup of
// the other. Before:
//
//	g, ctx := errgroup.WithContext(ctx)
//	g.Go(func() error { return writeDisk(ctx) })
//	g.Go(func() error { return upload(ctx) })
//	return g.Wait() // the first error alone; the other one is lost
func copyOut(ctx context.Context) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(upload, anyio.Name("upload"))
		tg.Go(writeDisk, anyio.Name("disk"))
		return nil // the group waits for both, whatever happens
	})
}

var errDiskFull = errors.New("disk full")

func writeDisk(ctx context.Context) error {
	if err := anyio.Sleep(ctx, 10*time.Millisecond); err != nil {
		return err
	}
	return errDiskFull
}

// upload is cut short by the failure of its sibling and cleans up. Before, the
// context was dead by then, and the usual way out was context.WithoutCancel with
// a timeout, in every place by hand.
func upload(ctx context.Context) error {
	err := anyio.Sleep(ctx, time.Hour)
	if err != nil {
		if cleanup := anyio.Shielded(ctx, time.Second, removePartial); cleanup != nil {
			return cleanup
		}
	}
	return err
}

func removePartial(ctx context.Context) error {
	if err := anyio.Sleep(ctx, 5*time.Millisecond); err != nil {
		return err
	}
	return errors.New("the partial upload could not be removed")
}

// crash has a task that panics. Before, that ended the process, and no caller of
// g.Wait could do anything about it.
func crash(ctx context.Context) (caught any) {
	defer func() { caught = recover() }()
	quiet := anyio.OnPanic(func(*anyio.PanicError) {}) // the default is a slog line with the stack
	err := anyio.Run(ctx, func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(context.Context) error { panic("index out of range") }, anyio.Name("parser"))
			return anyio.SleepForever(ctx) // canceled by the panic, at once
		})
	}, quiet)
	return fmt.Sprint("no panic, but ", err)
}

func main() {
	ctx := context.Background()
	sizes, err := fetchAll(ctx, strings.Fields("http://a.example http://bb.example http://ccc.example http://dddd.example"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "errgroup:", err)
		os.Exit(1)
	}
	fmt.Println("sizes, in the order of the pages:", sizes)

	err = copyOut(ctx)
	fmt.Printf("\nthe copy failed: %+v\n", err)
	fmt.Println("errors.Is finds the disk:", errors.Is(err, errDiskFull))

	var pe *anyio.PanicError
	if e, ok := crash(ctx).(error); ok && errors.As(e, &pe) {
		fmt.Printf("\ntask %q panicked with %q, and its host recovered\n", pe.Task, pe.Value)
	}
}
