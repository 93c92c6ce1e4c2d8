package main

import (
	"context"
	"errors"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/process"
)

// The server, the workers and the caller of shapes C are in this process, and reach each
// other over TCP, so that the processor time of all of them counts, on both sides.

const (
	clusterWorkers  = 2
	clusterCapacity = 64 // of each worker
	clusterCallers  = clusterWorkers * clusterCapacity
)

// A broker is a server for one round, with connections to it.
type broker struct {
	server *natsserver.Server
	conns  []*nats.Conn // those of the workers, and the caller's
}

func openBroker() (*broker, error) {
	dir, err := workspace()
	if err != nil {
		return nil, err
	}
	if dir, err = os.MkdirTemp(dir, "nats"); err != nil {
		return nil, err
	}
	s, err := natsserver.NewServer(&natsserver.Options{NoLog: true, NoSigs: true, Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: dir})
	if err != nil {
		return nil, err
	}
	s.Start()
	b := &broker{server: s}
	if !s.ReadyForConnections(10 * time.Second) {
		b.close()
		return nil, errors.New("the NATS server does not get ready")
	}
	for range clusterWorkers + 1 {
		nc, err := nats.Connect(s.ClientURL())
		if err != nil {
			b.close()
			return nil, err
		}
		b.conns = append(b.conns, nc)
	}
	return b, nil
}

func (b *broker) caller() *nats.Conn { return b.conns[clusterWorkers] }

func (b *broker) close() {
	for _, nc := range b.conns {
		nc.Close()
	}
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

var emptyFunction = process.Register("bench: empty", func(context.Context, struct{}) (struct{}, error) { return struct{}{}, nil })

// withCluster runs workers, and f with the connection of a caller.
func withCluster(ctx context.Context, w cluster.Worker, f func(ctx context.Context, c *cluster.Conn) error) error {
	b, err := openBroker()
	if err != nil {
		return err
	}
	defer b.close()
	var members []*cluster.Conn
	for _, nc := range b.conns {
		c, err := cluster.Open(ctx, cluster.Config{Conn: nc, Prefix: "bench"})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		members = append(members, c)
	}
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for _, c := range members[:clusterWorkers] {
			if _, err := anyio.Start(ctx, tg, w.Task(c), anyio.Service()); err != nil {
				return err
			}
		}
		return f(ctx, members[clusterWorkers])
	})
}

// withBare subscribes to requests as so many workers do, and calls f with the connection of
// a caller.
func withBare(f func(nc *nats.Conn) error) error {
	b, err := openBroker()
	if err != nil {
		return err
	}
	defer b.close()
	for _, nc := range b.conns[:clusterWorkers] {
		if _, err := nc.QueueSubscribe("bare", "workers", func(m *nats.Msg) { _ = m.Respond(nil) }); err != nil {
			return err
		}
		if err := nc.Flush(); err != nil {
			return err
		}
	}
	return f(b.caller())
}

// --- C1: one call after the other ---

func remoteCalls(ctx context.Context, m *meter, n int) error {
	return withCluster(ctx, cluster.Worker{Capacity: clusterCapacity}, func(ctx context.Context, c *cluster.Conn) error {
		m.start()
		defer m.stop()
		for range n {
			if _, err := cluster.Call(ctx, c, emptyFunction, struct{}{}); err != nil {
				return err
			}
		}
		return nil
	})
}

func bareRequests(m *meter, n int) error {
	return withBare(func(nc *nats.Conn) error {
		m.start()
		defer m.stop()
		for range n {
			if _, err := nc.RequestWithContext(context.Background(), "bare", nil); err != nil {
				return err
			}
		}
		return nil
	})
}

// --- C2: many calls at the same time ---

func remoteMap(ctx context.Context, m *meter, n int) error {
	return withCluster(ctx, cluster.Worker{Capacity: clusterCapacity}, func(ctx context.Context, c *cluster.Conn) error {
		m.start()
		defer m.stop()
		_, err := cluster.Map(ctx, c, emptyFunction, make([]struct{}, n), clusterCallers)
		return err
	})
}

func bareMap(m *meter, n int) error {
	return withBare(func(nc *nats.Conn) error {
		m.start()
		defer m.stop()
		return atOnce(n, func() error {
			_, err := nc.RequestWithContext(context.Background(), "bare", nil)
			return err
		})
	})
}

// atOnce calls f n times, on as many goroutines as Map has tasks.
func atOnce(n int, f func() error) error {
	var wg sync.WaitGroup
	var failed error
	var once sync.Once
	var begun atomic.Int64
	for range clusterCallers {
		wg.Go(func() {
			for begun.Add(1) <= int64(n) {
				if err := f(); err != nil {
					once.Do(func() { failed = err })
				}
			}
		})
	}
	wg.Wait()
	return failed
}

// --- C3: jobs that are kept until they are done ---

// jobsLeft is how many jobs of the round are not done yet.
var jobsLeft struct {
	sync.Mutex
	n    int
	done chan struct{}
}

func expectJobs(n int) (done chan struct{}) {
	jobsLeft.Lock()
	defer jobsLeft.Unlock()
	jobsLeft.n, jobsLeft.done = n, make(chan struct{})
	return jobsLeft.done
}

func jobIsDone() {
	jobsLeft.Lock()
	defer jobsLeft.Unlock()
	if jobsLeft.n--; jobsLeft.n == 0 {
		close(jobsLeft.done)
	}
}

var countedJob = process.Register("bench: job", func(context.Context, struct{}) (struct{}, error) {
	jobIsDone()
	return struct{}{}, nil
})

func remoteJobs(opts ...cluster.JobOption) func(ctx context.Context, m *meter, n int) error {
	return func(ctx context.Context, m *meter, n int) error {
		return withCluster(ctx, cluster.Worker{Capacity: clusterCapacity, Jobs: true}, func(ctx context.Context, c *cluster.Conn) error {
			done := expectJobs(n)
			m.start()
			defer m.stop()
			_, err := anyio.Map(ctx, make([]struct{}, n), clusterCallers, func(ctx context.Context, in struct{}) (struct{}, error) {
				_, err := cluster.Submit(ctx, c, countedJob, in, opts...)
				return in, err
			})
			if err != nil {
				return err
			}
			return anyio.RunBlocking(ctx, func() error { <-done; return nil })
		})
	}
}

// bareJobs publishes, consumes and acknowledges, with or without a result that is stored
// before, each under a subject of its own.
func bareJobs(results bool) func(m *meter, n int) error {
	return func(m *meter, n int) error {
		return withBare(func(nc *nats.Conn) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
			defer cancel()
			js, err := jetstream.New(nc)
			if err != nil {
				return err
			}
			s, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "bare-jobs", Subjects: []string{"bare.jobs"}, Retention: jetstream.WorkQueuePolicy})
			if err != nil {
				return err
			}
			if _, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "bare-results", Subjects: []string{"bare.results.*"}}); err != nil {
				return err
			}
			var last atomic.Int64
			do := func(m jetstream.Msg) error {
				if results {
					if _, err := js.Publish(ctx, "bare.results."+strconv.FormatInt(last.Add(1), 36), nil); err != nil {
						return err
					}
				}
				return m.Ack()
			}
			for range clusterWorkers {
				consumer, err := s.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{Durable: "workers", AckPolicy: jetstream.AckExplicitPolicy})
				if err != nil {
					return err
				}
				consuming, err := consumer.Consume(func(m jetstream.Msg) {
					work := func() {
						if do(m) == nil {
							jobIsDone()
						}
					}
					if results { // it waits, and others are done meanwhile
						go work()
					} else {
						work()
					}
				}, jetstream.PullMaxMessages(clusterCapacity))
				if err != nil {
					return err
				}
				defer consuming.Stop()
			}
			done := expectJobs(n)
			m.start()
			defer m.stop()
			if err := atOnce(n, func() error {
				_, err := js.Publish(ctx, "bare.jobs", nil)
				return err
			}); err != nil {
				return err
			}
			<-done
			return nil
		})
	}
}
