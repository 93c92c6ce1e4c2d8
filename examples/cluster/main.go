// Command cluster counts the identifiers of all Go files below a folder, by processes that
// are workers of a cluster. One of them is killed on the way, and its work done by others.
// The NATS server between them is in this process; nothing else is needed.
//
//	go run .                     the standard library, 3 workers
//	go run . -dir DIR -workers 5
//
// Workers may be anywhere, given a server that all can reach:
//
//	go run . -url nats://10.0.0.1:4222 -work     on each of them, with the same files
//	go run . -url nats://10.0.0.1:4222 -workers 0
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

func main() {
	var (
		dir     = flag.String("dir", "", "count the .go files below this `folder`; the default is the standard library's")
		workers = flag.Int("workers", 3, "start so many workers here")
		url     = flag.String("url", "", "the servers of the cluster; none is one in this process")
		work    = flag.Bool("work", false, "be a worker")
	)
	flag.Parse()
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		cfg := cluster.Config{URL: *url}
		if *url == "" {
			cfg.Listen = "127.0.0.1:0"
		}
		c, err := cluster.Open(ctx, cfg)
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		if *work {
			return cluster.Work(ctx, c, cluster.Worker{})
		}
		if *url == "" {
			*url = c.URL()
		}
		if *dir == "" {
			if *dir, err = library(ctx); err != nil {
				return err
			}
		}
		return count(ctx, os.Stdout, c, *dir, *url, *workers)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// library is the folder of the standard library.
func library(ctx context.Context) (string, error) {
	root, err := process.Output(ctx, "go", "env", "GOROOT")
	return filepath.Join(strings.TrimSpace(string(root)), "src"), err
}

// count counts on the cluster, then here, and compares.
func count(ctx context.Context, out io.Writer, c *cluster.Conn, dir, url string, workers int) error {
	batches, err := batchesOf(dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d batches of files below %s\n", len(batches), dir)
	total := map[string]int{}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		crew, room, err := hire(ctx, tg, c, url, workers)
		if err != nil {
			return err
		}
		var done atomic.Int64
		counts, err := anyio.Map(ctx, batches, room, func(ctx context.Context, files []string) (map[string]int, error) {
			n, err := again(ctx, out, c, files)
			k := int(done.Add(1))
			if k%max(len(batches)/4, 1) == 0 {
				fmt.Fprintf(out, "%3d %% done\n", 100*k/len(batches))
			}
			if k == len(batches)/3 && len(crew) > 1 {
				fmt.Fprintln(out, "killing a worker")
				err = errors.Join(err, crew[0].Kill())
			}
			return n, err
		})
		for _, n := range counts {
			add(total, n)
		}
		tg.Cancel("all is counted")
		return err
	})
	if err != nil {
		return err
	}
	for _, word := range top(total, 5) {
		fmt.Fprintf(out, "%8d %s\n", total[word], word)
	}
	here := map[string]int{}
	for _, files := range batches {
		n, err := identifiers(ctx, files)
		if err != nil {
			return err
		}
		add(here, n)
	}
	fmt.Fprintf(out, "the same as counted here: %t\n", maps.Equal(total, here))
	return nil
}

// again calls until a worker has lived long enough to answer: to count twice does no harm.
func again(ctx context.Context, out io.Writer, c *cluster.Conn, files []string) (map[string]int, error) {
	for {
		n, err := cluster.Call(ctx, c, countIdentifiers, files)
		lost, ok := errors.AsType[*process.BrokenWorkerError](err)
		if !ok {
			return n, err
		}
		fmt.Fprintf(out, "once more, a worker is lost: %v\n", lost.Cause)
	}
}

// hire starts worker processes, and returns when they work, and how much all workers have
// room for. They end with the group.
func hire(ctx context.Context, tg *anyio.TaskGroup, c *cluster.Conn, url string, n int) (crew []*process.Process, room int, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, 0, err
	}
	for range n {
		p, err := anyio.Start(ctx, tg, mortal(process.Command{Args: []string{self, "-work", "-url", url}, Stderr: process.File(os.Stderr)}))
		if err != nil {
			return nil, 0, err
		}
		crew = append(crew, p)
	}
	for {
		here, err := c.Workers(ctx)
		if err != nil {
			return nil, 0, err
		}
		if len(here) >= max(n, 1) {
			for _, w := range here {
				room += w.Capacity
			}
			return crew, room, nil
		}
	}
}

// mortal is a task that runs a program, whose end is no error of its own.
func mortal(cmd process.Command) func(ctx context.Context, started func(*process.Process)) error {
	return func(ctx context.Context, started func(*process.Process)) error {
		err := process.Task(cmd)(ctx, started)
		if _, ok := errors.AsType[*process.ExitError](err); ok {
			return nil
		}
		return err
	}
}

// batchesOf are the Go files below a folder, in batches of a hundred.
func batchesOf(dir string) ([][]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".go") && d.Type().IsRegular() {
			files = append(files, path)
		}
		return err
	})
	return slices.Collect(slices.Chunk(files, 100)), err
}

func add(to, n map[string]int) {
	for word, k := range n {
		to[word] += k
	}
}

// top are the n most frequent words.
func top(total map[string]int, n int) []string {
	words := slices.SortedFunc(maps.Keys(total), func(a, b string) int {
		if total[a] != total[b] {
			return total[b] - total[a]
		}
		return strings.Compare(a, b)
	})
	return words[:min(n, len(words))]
}
