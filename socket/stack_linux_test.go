package socket_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

// idleVariable, if set in the environment, makes TestIdleConnectionsHaveFirstStacks measure
// "<backend>/<call>" in place of starting itself for each.
const idleVariable = "ANYIO_IDLE_STACKS"

var echoes = map[string]func(ctx context.Context, s *socket.Stream) error{
	"Receive": func(ctx context.Context, s *socket.Stream) error {
		defer s.Close(ctx)
		buf := make([]byte, 512)
		for {
			n, err := s.Receive(ctx, buf)
			if err != nil {
				return err
			}
			if err := s.Send(ctx, buf[:n]); err != nil {
				return err
			}
		}
	},
	"ReceiveBorrowed": func(ctx context.Context, s *socket.Stream) error {
		defer s.Close(ctx)
		var b stream.Borrowed
		for {
			data, err := s.ReceiveBorrowed(ctx, &b, 4096)
			if err != nil {
				return err
			}
			if err := s.Send(ctx, data); err != nil {
				return err
			}
		}
	},
}

// The stack of a goroutine begins with 2 KiB and, once it has grown, stays larger: what lies
// between the task's function and its wait has to fit into what the runtime leaves of that,
// which is half. A failure of this test means that a frame on that way has become larger, or
// that something allocates there: debug.SetMaxStack(3000) in such a server shows who.
func TestIdleConnectionsHaveFirstStacks(t *testing.T) {
	if job := os.Getenv(idleVariable); job != "" {
		measureIdleStacks(t, job)
		return
	}
	if race.Enabled || testing.CoverMode() != "" || runtime.GOARCH != "amd64" {
		t.Skip("frames have another size")
	}
	for _, backend := range []string{"eventloop", "parallel"} {
		for call := range echoes {
			t.Run(backend+"/"+call, func(t *testing.T) {
				n := idleStacks(t, backend+"/"+call)
				for range 2 { // stacks that processors keep for later count, too: the least is the truth
					if n > 2500 {
						n = min(n, idleStacks(t, backend+"/"+call))
					}
				}
				if n > 2500 {
					t.Errorf("an idle connection has %d bytes of stacks, want the first 2048", n)
				}
			})
		}
	}
}

// idleStacks returns what a process of its own measures. Each of its processors may keep
// 32 KiB of every size of stack, so it has two, however many there are.
func idleStacks(t *testing.T, job string) int {
	cmd := exec.Command(os.Args[0], "-test.v", "-test.run=^TestIdleConnectionsHaveFirstStacks$")
	cmd.Env = append(os.Environ(), idleVariable+"="+job, "GODEBUG=", "GOMAXPROCS=2")
	out, err := cmd.CombinedOutput()
	found := regexp.MustCompile(`stacks=(\d+)`).FindSubmatch(out)
	if err != nil || found == nil {
		t.Fatalf("%v:\n%s", err, out)
	}
	n, err := strconv.Atoi(string(found[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func measureIdleStacks(t *testing.T, job string) {
	const conns = 400
	debug.SetGCPercent(-1) // a task that helps the collector needs more
	name, call, _ := strings.Cut(job, "/")
	backend := anyio.Parallel()
	if name == "eventloop" {
		backend = anyio.EventLoop()
	}
	err := anyio.Run(t.Context(), func(ctx context.Context) error {
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			return err
		}
		defer l.Close(ctx)
		var clients []net.Conn
		defer func() {
			for _, c := range clients {
				c.Close()
			}
		}()
		return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			defer tg.Cancel("measured")
			tg.Go(func(ctx context.Context) error { return l.Serve(ctx, tg, echoes[call]) })
			connect := func(n int) error {
				return anyio.RunBlocking(ctx, func() error {
					for range n {
						c, err := net.Dial("tcp", l.Addr().String())
						if err != nil {
							return err
						}
						clients = append(clients, c)
					}
					return echoAll(clients[len(clients)-n:])
				})
			}
			if err := connect(50); err != nil { // who serves and who drives has grown by then
				return err
			}
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			before := stackBytes()
			if err := connect(conns); err != nil {
				return err
			}
			if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
				return err
			}
			fmt.Printf("stacks=%d\n", (stackBytes()-before)/conns)
			return nil
		})
	}, anyio.On(backend))
	if err != nil {
		t.Fatal(err)
	}
}

// echoAll has something come to all at once, a few times: then tasks that wait again resume
// each other.
func echoAll(cs []net.Conn) error {
	var buf [8]byte
	for range 3 {
		for _, c := range cs {
			if _, err := c.Write(buf[:]); err != nil {
				return err
			}
		}
		for _, c := range cs {
			if _, err := io.ReadFull(c, buf[:]); err != nil {
				return err
			}
		}
	}
	return nil
}

func stackBytes() uint64 {
	s := []metrics.Sample{{Name: "/memory/classes/heap/stacks:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}
