package sim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// startEcho runs an echo server on a host, in the group, and returns when it listens.
func startEcho(ctx context.Context, tg *anyio.TaskGroup, host string) error {
	var listening anyio.Event
	tg.Go(func(ctx context.Context) error {
		return sim.RunOnHost(ctx, host, func(ctx context.Context) error {
			l, err := socket.ListenTCP(ctx, "", 7)
			if err != nil {
				return err
			}
			defer l.Close(ctx)
			listening.Set()
			return l.Serve(ctx, nil, func(ctx context.Context, c *socket.Stream) error {
				defer c.Close(ctx)
				buf := make([]byte, 1024)
				for {
					n, err := c.Receive(ctx, buf)
					if errors.Is(err, io.EOF) || errors.Is(err, anyio.ErrBroken) {
						return nil
					}
					if err == nil {
						err = c.Send(ctx, buf[:n])
					}
					if err != nil {
						return err
					}
				}
			})
		})
	})
	return listening.Wait(ctx)
}

// A server and a client on two hosts, half a second apart.
func ExampleRunOnHost() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("done")
			if err := startEcho(ctx, tg, "db1"); err != nil {
				return err
			}
			return sim.RunOnHost(ctx, "web", func(ctx context.Context) error {
				sim.NetworkOf(ctx).Link("web", "db1", sim.Link{Latency: 500 * time.Millisecond})
				begin := anyio.Now(ctx)
				c, err := socket.DialTCP(ctx, "db1", 7)
				if err != nil {
					return err
				}
				defer c.Close(ctx)
				if err := c.Send(ctx, []byte("hello")); err != nil {
					return err
				}
				buf := make([]byte, 10)
				n, err := c.Receive(ctx, buf)
				fmt.Printf("%s after %v\n", buf[:n], anyio.Now(ctx).Sub(begin))
				return err
			})
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// hello after 2s
}

// A connection outlives a partition that is healed in time.
func ExampleNetwork_Partition() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("done")
			if err := startEcho(ctx, tg, "db1"); err != nil {
				return err
			}
			c, err := socket.DialTCP(ctx, "db1", 7)
			if err != nil {
				return err
			}
			defer c.Close(ctx)
			net := sim.NetworkOf(ctx)
			net.Partition("localhost", "db1")
			if err := c.Send(ctx, []byte("hello")); err != nil {
				return err
			}
			buf := make([]byte, 10)
			timedOut, err := anyio.MoveOnAfter(ctx, 10*time.Second, func(ctx context.Context) error {
				_, err := c.Receive(ctx, buf)
				return err
			})
			fmt.Println("no answer:", timedOut, err)
			net.Heal("localhost", "db1")
			n, err := c.Receive(ctx, buf)
			fmt.Printf("%s %v\n", buf[:n], err)
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// no answer: true <nil>
	// hello <nil>
}

// A killed host refuses connections until it is restarted.
func ExampleNetwork_Kill() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("done")
			if err := startEcho(ctx, tg, "db1"); err != nil {
				return err
			}
			dial := func() error {
				c, err := socket.DialTCP(ctx, "db1", 7)
				if err != nil {
					return err
				}
				return c.Close(ctx)
			}
			net := sim.NetworkOf(ctx)
			net.Kill("db1", "out of memory")
			fmt.Println("refused:", errors.Is(dial(), syscall.ECONNREFUSED))
			net.Restart("db1")
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			fmt.Println("restarted:", dial())
			return nil
		})
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// refused: true
	// restarted: <nil>
}

// A rule loses the first packet of each connection, the trace shows what follows.
func ExampleNetwork_OnPacket() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		net := sim.NetworkOf(ctx)
		if err := net.AddHost("db1", sim.HostConfig{}); err != nil {
			return err
		}
		net.OnPacket(func(p *sim.Packet) sim.Verdict {
			return sim.Verdict{Drop: p.SYN && !p.Again}
		})
		net.Trace(os.Stdout)
		_, err := socket.DialTCP(ctx, net.Addrs("db1")[0].String(), 5432)
		fmt.Println(errors.Is(err, syscall.ECONNREFUSED))
		return nil
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0.000s localhost:49152 > db1:5432 SYN (dropped by a rule)
	// 1.000s localhost:49152 > db1:5432 SYN again
	// 1.001s db1:5432 > localhost:49152 RST
	// true
}

// A name whose lookup takes long and then fails.
func ExampleNetwork_DNS() {
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		sim.NetworkOf(ctx).DNS("db1", sim.DNSAnswer{Delay: 5 * time.Second, Timeout: true})
		begin := anyio.Now(ctx)
		_, err := socket.DialTCP(ctx, "db1", 5432)
		fmt.Println(anyio.Now(ctx).Sub(begin), err)
		return nil
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	if err != nil {
		fmt.Println(err)
	}
	// Output:
	// 5s lookup db1: i/o timeout
}
