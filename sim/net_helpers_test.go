package sim_test

import (
	"context"
	"errors"
	"io"
	"net/netip"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/sim"
)

// run runs main in a simulation.
func run(t *testing.T, cfg sim.Config, main func(ctx context.Context, n *sim.Network) error) *sim.Sim {
	t.Helper()
	s := sim.New(cfg)
	err := anyio.Run(context.Background(), func(ctx context.Context) error { return main(ctx, sim.NetworkOf(ctx)) }, anyio.On(s))
	if err != nil {
		t.Fatalf("seed %d: %v", cfg.Seed, err)
	}
	return s
}

// group is a task group that is canceled when its body is through.
func group(ctx context.Context, body func(ctx context.Context, tg *anyio.TaskGroup) error) error {
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer tg.Cancel("done")
		return body(ctx, tg)
	})
}

// onHost starts f on a host and waits until f calls ready.
func onHost(ctx context.Context, tg *anyio.TaskGroup, host string, f func(ctx context.Context, ready func()) error) error {
	var ev anyio.Event
	tg.Go(func(ctx context.Context) error {
		return sim.RunOnHost(ctx, host, func(ctx context.Context) error { return f(ctx, func() { ev.Set() }) })
	}, anyio.Name(host))
	return ev.Wait(ctx)
}

func resolve(ctx context.Context, host string, port uint16) (kernel.Addr, error) {
	addr, err := netip.ParseAddr(host)
	if err != nil {
		addrs, err := kernel.NetworkOf(ctx).LookupHost(ctx, "ip4", host)
		if err != nil {
			return kernel.Addr{}, err
		}
		addr = addrs[0]
	}
	return kernel.Addr{IP: netip.AddrPortFrom(addr, port)}, nil
}

func dial(ctx context.Context, host string, port uint16) (kernel.StreamConn, error) {
	a, err := resolve(ctx, host, port)
	if err != nil {
		return nil, err
	}
	return kernel.NetworkOf(ctx).DialStream(ctx, kernel.SocketOptions{Network: "tcp", Remote: a})
}

func listen(ctx context.Context, port uint16) (kernel.StreamListener, error) {
	any4 := netip.AddrPortFrom(netip.IPv4Unspecified(), port)
	return kernel.NetworkOf(ctx).ListenStream(ctx, kernel.SocketOptions{Network: "tcp4", Local: kernel.Addr{IP: any4}})
}

// serve accepts connections until it is canceled, each in a task of its own.
func serve(ctx context.Context, port uint16, ready func(), handle func(ctx context.Context, c kernel.StreamConn) error) error {
	l, err := listen(ctx, port)
	if err != nil {
		return err
	}
	defer func() { _ = l.Close() }() // it is closed already if the host was killed
	ready()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		for {
			c, err := l.Accept(ctx)
			if err != nil {
				return err
			}
			tg.Go(func(ctx context.Context) error {
				defer func() { _ = c.Close() }()
				return handle(ctx, c)
			})
		}
	})
}

// echo sends back what it gets, up to the end.
func echo(ctx context.Context, c kernel.StreamConn) error {
	buf := make([]byte, 4096)
	for {
		n, err := c.Read(ctx, buf)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = nil
			}
			return err
		}
		if _, err := c.Write(ctx, buf[:n]); err != nil {
			return err
		}
	}
}

// readAll reads up to the end of the stream.
func readAll(ctx context.Context, c kernel.StreamConn) (data []byte, err error) {
	buf := make([]byte, 3000)
	for {
		n, err := c.Read(ctx, buf)
		data = append(data, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return data, nil
		}
		if err != nil {
			return data, err
		}
	}
}

// readN reads exactly n bytes.
func readN(ctx context.Context, c kernel.StreamConn, n int) (string, error) {
	var data []byte
	for len(data) < n {
		buf := make([]byte, n-len(data))
		k, err := c.Read(ctx, buf)
		data = append(data, buf[:k]...)
		if err != nil {
			return string(data), err
		}
	}
	return string(data), nil
}

// took is how much virtual time f takes.
func took(ctx context.Context, f func()) time.Duration {
	begin := anyio.Now(ctx)
	f()
	return anyio.Now(ctx).Sub(begin)
}
