package socket

import (
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// A crowded is a socket at which accepting fails some times, and is then closed.
type crowded struct {
	kernel.StreamListener
	failures, closes int
}

func (c *crowded) LocalAddr() kernel.Addr { return kernel.Addr{} }
func (c *crowded) Close() error           { c.closes++; return nil }

func (c *crowded) Accept(ctx context.Context) (kernel.StreamConn, error) {
	if _, err := kernel.Enter(ctx); err != nil {
		return nil, err
	}
	if c.failures--; c.failures < 0 {
		return nil, net.ErrClosed
	}
	return nil, syscall.EMFILE
}

// Nine failures are one line at once, and one when the ninth comes, 1,275 ms later.
func TestFailuresOfAcceptingDoNotFillTheLog(t *testing.T) {
	log := testkit.CaptureLog(t)
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		l := newListener("tcp", newStream, []kernel.StreamListener{&crowded{failures: 9}}, 0)
		begin := anyio.Now(ctx)
		testkit.WantErr(t, l.Serve(ctx, nil, func(context.Context, *Stream) error { return nil }), anyio.ErrClosed)
		if took := anyio.Now(ctx).Sub(begin); took != 2275*time.Millisecond {
			t.Errorf("it paused for %v", took)
		}
		return l.Close(ctx)
	}, anyio.On(sim.New(sim.Config{Seed: 1})))
	testkit.Must(t, err)
	lines := strings.Split(strings.TrimSpace(log.Take()), "\n")
	if len(lines) != 2 || !strings.Contains(lines[0], "after=5ms others=0") || !strings.Contains(lines[1], "after=1s others=7") {
		t.Errorf("the log is %q", lines)
	}
}

// A kept is a connection that is closed once.
type kept struct {
	kernel.StreamConn
	closes int
}

func (k *kept) Close() error { k.closes++; return nil }

// An owned is the net.UnixListener of a socket.
type owned struct{ unlinks, closes int }

func (o *owned) SetUnlinkOnClose(unlink bool) {
	if unlink {
		o.unlinks++
	} else {
		o.unlinks--
	}
}

func (o *owned) Close() error { o.closes++; return nil }

// Who takes the sockets of a listener gets those alone: nothing else of it stays open.
func TestTakenListenerLeavesNothingOpen(t *testing.T) {
	ctx := t.Context()
	socket, conn, owner := &crowded{}, &kept{}, &owned{}
	l := newListener("unix", newUnixStream, []kernel.StreamListener{socket}, 0)
	l.owner = owner
	l.keep(conn)
	refuse := func(kernel.Conn) error { return errOver }
	if _, err := l.take(refuse); err != errOver || conn.closes != 0 || owner.closes != 0 {
		t.Fatalf("refused with %v, %d, %d closed", err, conn.closes, owner.closes)
	}
	all, err := l.take(func(kernel.Conn) error { return nil })
	if err != nil || len(all) != 1 || all[0] != kernel.Conn(socket) {
		t.Fatalf("taken %v, %v", all, err)
	}
	testkit.WantErr(t, l.Close(ctx), nil)
	if _, err := l.take(func(kernel.Conn) error { return nil }); err != anyio.ErrClosed {
		t.Errorf("taken again: %v", err)
	}
	if c := l.keptOne(); c != nil {
		t.Errorf("%v, which is closed, is kept for who accepts next", c)
	}
	if socket.closes != 0 || conn.closes != 1 || owner.closes != 1 || owner.unlinks != -1 {
		t.Errorf("the socket was closed %d times, the connection %d, %+v", socket.closes, conn.closes, *owner)
	}
}
