package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
)

// scaleWorkers are the numbers of worker processes with which a cluster is measured.
var scaleWorkers = []int{1, 2, 4, 8}

// scale measures what a call and a job cost in each process of a cluster as there are more
// workers: the caller, the NATS server, and all workers together.
func scale(out io.Writer, e effort) error {
	fmt.Fprintln(out, "| shape | worker processes | caller | server | workers | together | per second of the wall clock |")
	fmt.Fprintln(out, "|---|---:|---:|---:|---:|---:|---:|")
	for _, what := range []struct {
		id string
		n  int
		do func(ctx context.Context, c *cluster.Conn, n int) error
	}{{"a call, by Map", 50_000, mapEmpty}, {"a job", 10_000, submitAll}} {
		n, all := what.n, scaleWorkers
		if e.small {
			n, all = clusterCallers, all[:2]
		}
		for _, workers := range all {
			if err := scaleOne(out, what.id, workers, n, what.do); err != nil {
				return fmt.Errorf("%s with %d workers: %w", what.id, workers, err)
			}
		}
	}
	return nil
}

func mapEmpty(ctx context.Context, c *cluster.Conn, n int) error {
	_, err := cluster.Map(ctx, c, emptyFunction, make([]struct{}, n), clusterCallers)
	return err
}

// submitAll returns when the jobs are done: the last ones are waited for.
func submitAll(ctx context.Context, c *cluster.Conn, n int) error {
	jobs, err := anyio.Map(ctx, make([]struct{}, n), clusterCallers, func(ctx context.Context, in struct{}) (*cluster.Job[struct{}], error) {
		return cluster.Submit(ctx, c, emptyFunction, in)
	})
	if err != nil {
		return err
	}
	for _, j := range jobs[max(0, n-clusterCallers):] {
		if _, err := j.Await(ctx); err != nil {
			return err
		}
	}
	return nil
}

// scaleOne measures one line of the table.
func scaleOne(out io.Writer, id string, workers, n int, do func(ctx context.Context, c *cluster.Conn, n int) error) error {
	nats, err := startServer("scale", "nats")
	if err != nil {
		return err
	}
	defer nats.stop()
	var others []*server
	for range workers {
		w, err := startServer("scale", "worker "+nats.addr)
		if err != nil {
			return err
		}
		defer w.stop()
		others = append(others, w)
	}
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{URL: nats.addr, Prefix: "bench"})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		if err := do(ctx, c, clusterCallers); err != nil { // everything is warm
			return err
		}
		before, err := scaleTimes(nats, others)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := do(ctx, c, n); err != nil {
			return err
		}
		took := time.Since(began)
		after, err := scaleTimes(nats, others)
		if err != nil {
			return err
		}
		var per [3]float64
		for i := range per {
			per[i] = (after[i] - before[i]) / float64(n) / 1000
		}
		_, err = fmt.Fprintf(out, "| %s | %d | %.1f µs | %.1f µs | %.1f µs | %.1f µs | %.0f |\n",
			id, workers, per[0], per[1], per[2], per[0]+per[1]+per[2], float64(n)/took.Seconds())
		return err
	})
}

// scaleTimes is the processor time of the caller, the server, and the workers together.
func scaleTimes(nats *server, workers []*server) (t [3]float64, err error) {
	own, err := processorTime()
	if err != nil {
		return t, err
	}
	t[0] = float64(own)
	if t[1], err = nats.processorTime(); err != nil {
		return t, err
	}
	for _, w := range workers {
		v, err := w.processorTime()
		if err != nil {
			return t, err
		}
		t[2] += v
	}
	return t, nil
}

// serveScale is the main function of a process of such a cluster: "nats", or "worker URL".
func serveScale(job string) error {
	role, url, _ := strings.Cut(job, " ")
	if role == "nats" {
		dir, err := os.MkdirTemp("", "bench-nats")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		s, err := natsserver.NewServer(&natsserver.Options{NoLog: true, NoSigs: true, Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: dir})
		if err != nil {
			return err
		}
		s.Start()
		s.ReadyForConnections(10 * time.Second)
		fmt.Println(s.ClientURL())
		answerLines(os.Stdin, os.Stdout, aboutItself)
		s.Shutdown()
		s.WaitForShutdown()
		return nil
	}
	return anyio.Run(context.Background(), func(ctx context.Context) error {
		c, err := cluster.Open(ctx, cluster.Config{URL: url, Prefix: "bench"})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			w := cluster.Worker{Capacity: clusterCapacity, Functions: []string{emptyFunction.Name()}, Jobs: true}
			if _, err := anyio.Start(ctx, tg, w.Task(c), anyio.Service()); err != nil {
				return err
			}
			return anyio.RunBlocking(ctx, func() error {
				fmt.Println("ready")
				answerLines(os.Stdin, os.Stdout, aboutItself)
				return nil
			})
		})
	})
}
