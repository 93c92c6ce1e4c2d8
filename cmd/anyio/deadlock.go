package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
)

// transfers moves money between two accounts in both directions at once. The bug
// is planted: each direction locks the account it takes from first, so each may
// hold one lock and wait for the other. It takes bad luck, because the deposit has
// six other things to do before.
func transfers(ctx context.Context) error {
	var savings, checking anyio.Lock
	withdraw := func(ctx context.Context) error {
		return savings.Do(ctx, func(ctx context.Context) error {
			return checking.Do(ctx, moveMoney)
		})
	}
	deposit := func(ctx context.Context) error {
		for range 6 {
			if err := anyio.Sleep(ctx, 0); err != nil {
				return err
			}
		}
		return checking.Do(ctx, func(ctx context.Context) error {
			return savings.Do(ctx, moveMoney)
		})
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		tg.Go(withdraw, anyio.Name("withdraw"))
		tg.Go(deposit, anyio.Name("deposit"))
		return nil
	})
}

func moveMoney(ctx context.Context) error { return anyio.Sleep(ctx, 0) }

// seedsToTry is after how many seeds the search for the deadlock ends.
const seedsToTry = 100_000

// showDeadlock tries seeds until one shows the deadlock, and runs that again.
func (d *demo) showDeadlock(ctx context.Context) error {
	r := deadlockRecord{Kind: "deadlock", From: d.seed}
	for r.Seed = d.seed; r.Tried < seedsToTry; r.Seed++ {
		r.Tried++
		trace, err := simulateTransfers(ctx, r.Seed, nil)
		dead := &sim.DeadlockError{}
		switch {
		case err == nil:
			continue
		case !errors.As(err, &dead):
			return err
		}
		var page sim.Trace
		again, errAgain := simulateTransfers(ctx, r.Seed, &page)
		if errAgain == nil || again != trace || errAgain.Error() != err.Error() {
			return fmt.Errorf("seed %d was run again and took another course: %v", r.Seed, errAgain)
		}
		if r.Page, err = d.writePage(&page); err != nil {
			return err
		}
		r.Report, r.Trace = dead.Error(), fmt.Sprintf("%016x", trace)
		d.out.emit(r)
		return nil
	}
	return fmt.Errorf("none of %d seeds from %d on shows the deadlock", r.Tried, r.From)
}

func simulateTransfers(ctx context.Context, seed uint64, page *sim.Trace) (trace uint64, err error) {
	backend := sim.New(sim.Config{Seed: seed, Trace: page})
	err = anyio.Run(ctx, transfers, anyio.On(backend), anyio.MainName("main"))
	return backend.Hash(), err
}

// pageDir is where the page is written if no file is named; "" is the system's folder for
// temporary files.
var pageDir = ""

// writePage writes the page that shows a run, and returns the name of its file.
func (d *demo) writePage(page *sim.Trace) (name string, err error) {
	var f *os.File
	if d.page != "" {
		f, err = os.Create(d.page)
	} else {
		f, err = os.CreateTemp(pageDir, "anyio-demo-*.html")
	}
	if err != nil {
		return "", err
	}
	return f.Name(), errors.Join(page.WriteHTML(f, "anyio demo: two transfers"), f.Close())
}

// deadlockRecord tells of a seed that ends in a deadlock.
type deadlockRecord struct {
	Kind   string `json:"kind"`
	From   uint64 `json:"from_seed"`
	Tried  int    `json:"tried"`
	Seed   uint64 `json:"seed"`
	Trace  string `json:"trace"`
	Report string `json:"report"`
	Page   string `json:"page"`
}

func (r deadlockRecord) text(w io.Writer) {
	fmt.Fprintln(w, "\nA planted bug: two tasks take two locks, in opposite order. Seed after seed, until")
	fmt.Fprintf(w, "one runs into it: %d went well, then seed %d ended with this report.\n\n", r.Tried-1, r.Seed)
	fmt.Fprintf(w, "  %s\n\n", strings.ReplaceAll(r.Report, "\n", "\n  "))
	fmt.Fprintf(w, "  Seed %d once more: the same report, the same trace %s.\n", r.Seed, r.Trace)
	fmt.Fprintf(w, "  What its tasks did is shown by a page for a browser: %s\n", r.Page)
}
