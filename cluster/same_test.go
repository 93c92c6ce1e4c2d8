package cluster_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/cluster/simnats"
	"github.com/anyio-go/anyio/socket"
)

// A script is what two clients do, the same with each server and each client.
type script []step

type step struct {
	client  int
	do      string // sub, unsub, pub or ask
	subject string
	queue   string
	number  int // of the subscription, or of the message
}

var (
	scriptPatterns = []string{"a", "a.b", "a.*", "*", "*.b", ">", "a.>", "*.*.c", "a.b.c", "*.>"}
	scriptSubjects = []string{"a", "b", "a.b", "a.c", "b.b", "a.b.c", "x.y.c", "x.y.z.w"}
)

var plays atomic.Int64

func randomScript(seed uint64) (s script) {
	r := rand.New(rand.NewPCG(seed, 1))
	pick := func(list []string) string { return list[r.IntN(len(list))] }
	var subs []step
	for i := range 60 {
		st := step{client: r.IntN(2), number: i}
		switch k := r.IntN(10); {
		case k < 3:
			st.do, st.subject = "sub", pick(scriptPatterns)
			if r.IntN(3) == 0 {
				st.queue = pick([]string{"q", "p"})
			}
			subs = append(subs, st)
		case k < 4 && len(subs) > 0:
			old := subs[r.IntN(len(subs))]
			st.do, st.client, st.number = "unsub", old.client, old.number
		case k < 7:
			st.do, st.subject = "ask", pick(scriptSubjects)
		default:
			st.do, st.subject = "pub", pick(scriptSubjects)
		}
		s = append(s, st)
	}
	return s
}

// play returns what has come to the subscriptions: to each its messages in their order, and of
// a queue, as the server chooses one of its members, how often each message.
//
// The client of NATS calls the functions of each subscription on a goroutine of its own, and
// calls none any more for what has come before an Unsubscribe. So after each step play waits
// until as much was seen as the first time the script was played.
func play(t *testing.T, ctx context.Context, s script, clients [2]*cluster.Conn, counts []int) (seen []string, _ []int) {
	prefix := fmt.Sprint("s", plays.Add(1)) // clients of before may still be there
	notes, first := 0, counts == nil
	var mu sync.Mutex
	got := map[string][]string{}
	note := func(to, what string) {
		mu.Lock()
		defer mu.Unlock()
		got[to] = append(got[to], what)
		notes++
	}
	unsubscribe := map[int]func(){}
	for i, c := range clients {
		if _, err := cluster.Subscribe(cluster.BusOf(c), fmt.Sprint("inbox.", prefix, ".", i), "", func(_, _, data string, nobody bool) {
			note(fmt.Sprint("inbox ", i), fmt.Sprint(data, nobody))
		}); err != nil {
			t.Fatal(err)
		}
	}
	noted := func() int {
		mu.Lock()
		defer mu.Unlock()
		return notes
	}
	for i, st := range s {
		b := cluster.BusOf(clients[st.client])
		subject := prefix + "." + st.subject
		var err error
		switch st.do {
		case "sub":
			to := fmt.Sprintf("%d %s", st.number, st.subject)
			if st.queue != "" {
				to = "queue " + st.queue
			}
			unsubscribe[st.number], err = cluster.Subscribe(b, subject, st.queue, func(subject, reply, data string, nobody bool) {
				note(to, fmt.Sprint(strings.TrimPrefix(subject, prefix), " ", reply != "", " ", data, nobody))
			})
		case "unsub":
			unsubscribe[st.number]()
		case "pub":
			err = cluster.Publish(b, subject, "", fmt.Sprint(st.number))
		case "ask":
			err = cluster.Publish(b, subject, fmt.Sprint("inbox.", prefix, ".", st.client), fmt.Sprint(st.number))
		}
		if err != nil {
			t.Fatal(err)
		}
		// The server has done it, and the other client has heard of it.
		for _, c := range []*cluster.Conn{clients[st.client], clients[1-st.client]} {
			if err := cluster.Flush(ctx, cluster.BusOf(c)); err != nil {
				t.Fatal(err)
			}
		}
		if first {
			counts = append(counts, noted())
			continue
		}
		timedOut, err := anyio.MoveOnAfter(ctx, 10*time.Second, func(ctx context.Context) (err error) {
			for err == nil && noted() < counts[i] {
				err = anyio.Sleep(ctx, time.Millisecond)
			}
			return err
		})
		if timedOut || err != nil {
			t.Errorf("step %d, %v: %d things were seen, want %d", i, st, noted(), counts[i])
			break
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for to, what := range got {
		if strings.HasPrefix(to, "queue") {
			slices.Sort(what)
		}
		seen = append(seen, to+": "+strings.Join(what, ", "))
	}
	slices.Sort(seen)
	return seen, counts
}

// played plays a script with two new clients.
func played(t *testing.T, ctx context.Context, s script, open func(context.Context, cluster.Config) (*cluster.Conn, error), url string, counts []int) ([]string, []int) {
	t.Helper()
	var clients [2]*cluster.Conn
	for i := range clients {
		c, err := open(ctx, cluster.Config{URL: url})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		clients[i] = c
	}
	return play(t, ctx, s, clients, counts)
}

// The simulated server and the client for it do what real ones do.
func TestSimulatedAndRealAreTheSame(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		real, err := cluster.Open(ctx, cluster.Config{Listen: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		defer real.Close(ctx)
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
			if err != nil {
				return err
			}
			tg.Go(func(ctx context.Context) error { return simnats.Serve(ctx, l, nil) })
			defer tg.Cancel("the test is over")
			simulated := fmt.Sprint("nats://", l.Addr())
			for seed := range uint64(20) {
				s := randomScript(seed)
				// This client sees messages in the order in which the server has sent them, so
				// when the server has seen a step, it has seen all of it.
				want, counts := played(t, ctx, s, cluster.OpenWire, real.URL(), nil)
				for _, other := range []struct {
					what string
					open func(context.Context, cluster.Config) (*cluster.Conn, error)
					url  string
				}{
					{"simulated server and client", cluster.OpenWire, simulated},
					{"simulated server, real client", cluster.Open, simulated},
					{"real server and client", cluster.Open, real.URL()},
				} {
					got, _ := played(t, ctx, s, other.open, other.url, counts)
					for _, line := range got {
						if !slices.Contains(want, line) {
							t.Errorf("seed %d, %s: got %s", seed, other.what, line)
						}
					}
					for _, line := range want {
						if !slices.Contains(got, line) {
							t.Errorf("seed %d, %s: want %s", seed, other.what, line)
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}, anyiotest.Skip("sim", "the server is a real one"))
}
