package netconn_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/netconn"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

// netPair makes two connections of package net, each the other's peer.
func netPair(t *testing.T, network string) (a, z net.Conn) {
	t.Helper()
	if network == "unix" {
		return unixPair(t)
	}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	testkit.Must(t, err)
	defer l.Close()
	a, err = net.Dial(network, l.Addr().String())
	testkit.Must(t, err)
	t.Cleanup(func() { _ = a.Close() })
	z, err = l.Accept()
	testkit.Must(t, err)
	t.Cleanup(func() { _ = z.Close() })
	return a, z
}

// failures are what the calls on a connection return when the other side has reset it, a
// deadline has passed, and it is closed. They tell no port, which is another one each time.
func failures(t *testing.T, a, z net.Conn, read, write func([]byte) (int, error), end func() error) (all []string) {
	t.Helper()
	note := func(_ int, err error) {
		e, ok := errors.AsType[*net.OpError](err)
		if !ok {
			all = append(all, fmt.Sprint(err))
			return
		}
		if e.Source != a.LocalAddr() || e.Addr != a.RemoteAddr() {
			t.Errorf("%v: it is from %v to %v", err, a.LocalAddr(), a.RemoteAddr())
		}
		all = append(all, fmt.Sprintf("%s %s: %v, timeout %t", e.Op, e.Net, e.Err, e.Timeout()))
	}
	buf := make([]byte, 8)
	testkit.Must(t, a.SetDeadline(time.Unix(1, 0)))
	note(read(buf))
	note(write(buf))
	testkit.Must(t, a.SetDeadline(time.Time{}))
	if c, ok := z.(*net.TCPConn); ok {
		testkit.Must(t, c.SetLinger(0))
	} else { // a UNIX socket resets if there is something that was not read
		_, err := write(buf)
		testkit.Must(t, err)
	}
	testkit.Must(t, z.Close())
	note(read(buf))
	note(read(buf))
	note(write(buf))
	testkit.Must(t, end())
	note(read(buf))
	note(write(buf))
	return all
}

func TestFailuresAreThoseOfPackageNet(t *testing.T) {
	run(t, func(t *testing.T, ctx context.Context) {
		for _, network := range []string{"tcp", "tcp4", "unix"} { // "unix" last, which may be skipped
			a, z := netPair(t, network)
			want := failures(t, a, z, a.Read, a.Write, a.Close)
			a, z = netPair(t, network)
			c := netconn.FromConn(a)
			read := func(p []byte) (int, error) { return c.Read(ctx, p) }
			write := func(p []byte) (int, error) { return c.Write(ctx, p) }
			got := failures(t, a, z, read, write, c.Close)
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s: failure %d is %q, want %q", network, i, got[i], want[i])
				}
			}
		}
	})
}

func TestCallsThatNeedNotWaitAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("under -race nothing is used again")
	}
	a, z := unixPair(t)
	ctx, buf := context.Background(), make([]byte, 64)
	in, out := netconn.FromConn(a), netconn.FromConn(z)
	got := testing.AllocsPerRun(100, func() {
		for _, c := range []struct{ from, to kernel.StreamConn }{{in, out}, {out, in}} {
			_, err := c.from.Write(ctx, buf)
			testkit.Must(t, err)
			_, err = c.to.Read(ctx, buf)
			testkit.Must(t, err)
		}
	})
	if got >= 1 { // a pool may lose what is in it
		t.Errorf("%.2f allocations for four calls", got)
	}
}
