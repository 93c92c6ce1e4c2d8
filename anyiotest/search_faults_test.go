package anyiotest_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

// A register is a number that only grows, kept on two hosts, the primary and its backup. The
// client writes and reads on the primary until that has broken a connection, then on the
// backup. What was acknowledged must not be lost.
type register struct {
	early bool // the bug: the primary acknowledges before the backup has it
	mu    sync.Mutex
	disk  map[string]byte // by host; guarded by mu
}

// write keeps what is greater, and returns it.
func (r *register) write(host string, b byte) byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.disk[host] = max(r.disk[host], b)
	return r.disk[host]
}

// call sends a byte to a host and returns its answer.
func call(ctx context.Context, host string, b byte) (answer byte, err error) {
	c, err := socket.DialTCP(ctx, host, 7)
	if err != nil {
		return 0, err
	}
	defer c.Close(ctx)
	if err := c.Send(ctx, []byte{b}); err != nil {
		return 0, err
	}
	buf := make([]byte, 1)
	_, err = c.Receive(ctx, buf)
	return buf[0], err
}

// insist calls a host until it answers. It has more patience each time, as where steps take
// long the calls of others would else keep each of them from its end.
func insist(ctx context.Context, host string, b byte) error {
	for patience := 10 * time.Second; ; patience = min(2*patience, time.Hour) {
		err := anyio.FailAfter(ctx, patience, func(ctx context.Context) error {
			_, err := call(ctx, host, b)
			return err
		})
		if err == nil || ctx.Err() != nil {
			return ctx.Err()
		}
		if err := anyio.Sleep(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
}

// serve keeps the number of a host: 0 asks for it, others are written.
func (r *register) serve(ctx context.Context, host, backup string, ready func()) error {
	l, err := socket.ListenTCP(ctx, "", 7)
	if err != nil {
		return err
	}
	defer l.Close(ctx)
	ready()
	return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		return l.Serve(ctx, nil, func(ctx context.Context, c *socket.Stream) error {
			defer c.Close(ctx)
			buf := make([]byte, 1)
			if _, err := c.Receive(ctx, buf); err != nil {
				return nil //nolint:nilerr // the other side is gone
			}
			r.write(host, buf[0])
			copied := func(ctx context.Context) error { return insist(ctx, backup, buf[0]) }
			switch {
			case backup == "" || buf[0] == 0:
			case r.early:
				tg.Go(copied)
			default:
				if err := copied(ctx); err != nil {
					return err
				}
			}
			_ = c.Send(ctx, []byte{r.write(host, 0)})
			return nil
		})
	})
}

// registers is the test with a register for each run.
func registers(early bool) func(t testing.TB, ctx context.Context) {
	return func(t testing.TB, ctx context.Context) {
		r := &register{early: early, disk: map[string]byte{}}
		r.test(t, ctx)
	}
}

// test runs the servers, and the client on a host of its own, which no fault kills.
func (r *register) test(t testing.TB, ctx context.Context) {
	testkit.Must(t, anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer tg.Cancel("the client is done")
		for _, host := range [][2]string{{"primary", "backup"}, {"backup", ""}} {
			var listens anyio.Event
			tg.Go(func(ctx context.Context) error {
				return sim.RunOnHost(ctx, host[0], func(ctx context.Context) error {
					return r.serve(ctx, host[0], host[1], listens.Set)
				})
			}, anyio.Name(host[0]))
			if err := listens.Wait(ctx); err != nil {
				return err
			}
		}
		host := "primary"
		ask := func(b byte) (answer byte, err error) {
			for patience := 30 * time.Second; ; patience = min(2*patience, time.Hour) {
				err := anyio.FailAfter(ctx, patience, func(ctx context.Context) (err error) {
					answer, err = call(ctx, host, b)
					return err
				})
				var late *anyio.TimeoutError
				switch {
				case err == nil || ctx.Err() != nil:
					return answer, ctx.Err()
				case !errors.As(err, &late):
					host = "backup"
				}
				if err := anyio.Sleep(ctx, 10*time.Millisecond); err != nil {
					return 0, err
				}
			}
		}
		for b := byte(1); b <= 3; b++ {
			if _, err := ask(b); err != nil {
				return err
			}
			got, err := ask(0)
			if err != nil {
				return err
			}
			if got < b {
				t.Errorf("lost: %d was acknowledged, the %s has %d", b, host, got)
				return nil
			}
		}
		return nil
	}))
}

var anyFaults = anyiotest.Faults(sim.Faults{})

// runs are how many a search of a program with a network makes: half a second's, or with the
// race detector three.
func runs() anyiotest.Option {
	if testing.Short() || race.Enabled {
		return anyiotest.Schedules(300)
	}
	return anyiotest.Schedules(3000)
}

var oneFault = regexp.MustCompile(`the faults:\n.*primary.*\nwhat the tasks did`)

// A bug that no order shows without a fault is found, shrunk to one fault, and made again.
func TestSearchFindsWhatNeedsAFault(t *testing.T) {
	r := newRecorder(t)
	r.run(func() { anyiotest.Search(r, registers(true), runs()) })
	r.wantPass(t)
	r = newRecorder(t)
	r.run(func() { anyiotest.Search(r, registers(true), runs(), anyFaults) })
	r.wantFailure(t, "was acknowledged, the backup has", "the faults:\n", "replay: go test")
	// With the race detector a long run takes so much time that there may be none to shrink it.
	if !race.Enabled && !oneFault.MatchString(r.text()) {
		t.Errorf("the report does not have one fault:\n%s", r.text())
	}
	found := replayToken.FindStringSubmatch(r.text())
	if found == nil {
		t.Fatal("the report has no schedule")
	}
	setFlag(t, "anyio.replay", found[1])
	again := newRecorder(t)
	again.run(func() { anyiotest.Search(again, registers(true)) })
	again.wantFailure(t, "was acknowledged, the backup has")
	if strings.Contains(again.text(), "not the one of the schedule") {
		t.Errorf("the schedule is not followed:\n%s", again.text())
	}
}

// The right program stands all faults.
func TestSearchWithFaultsPasses(t *testing.T) {
	r := newRecorder(t)
	n := 3000
	if testing.Short() || race.Enabled {
		n = 100
	}
	r.run(func() { anyiotest.Search(r, registers(false), anyiotest.Schedules(n), anyFaults) })
	r.wantPass(t)
}
