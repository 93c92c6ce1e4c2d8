package cluster_test

import (
	"context"
	"errors"
	"fmt"
	stdmaps "maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
	"github.com/anyio-go/anyio/cluster/simnats"
	"github.com/anyio-go/anyio/socket"
)

// An opener opens a member at one of the servers that are compared.
type opener func(ctx context.Context, cfg cluster.Config) (*cluster.Conn, error)

// compared plays scripts with the real and the simulated server, and wants the same outcomes.
func compared(t *testing.T, scripts int, play func(t *testing.T, ctx context.Context, r *rand.Rand, open opener) []string) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		real, err := cluster.Open(ctx, cluster.Config{Listen: "127.0.0.1:0"})
		if err != nil {
			t.Fatal(err)
		}
		defer real.Close(ctx)
		l, err := socket.ListenTCP(ctx, "127.0.0.1", 0)
		if err != nil {
			t.Fatal(err)
		}
		group(t, ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
			defer tg.Cancel("the test is over")
			tg.Go(func(ctx context.Context) error { return simnats.Serve(ctx, l, nil) })
			simulated := fmt.Sprint("nats://", l.Addr())
			for seed := range uint64(scripts) {
				var want []string
				for _, pair := range []struct {
					what, url string
					open      opener
				}{
					{"real server and client", real.URL(), cluster.Open},
					{"simulated server, real client", simulated, cluster.Open},
					{"simulated server and client", simulated, cluster.OpenWire},
					{"real server, simulated client", real.URL(), cluster.OpenWire},
				} {
					got := play(t, ctx, rand.New(rand.NewPCG(seed, 2)), func(ctx context.Context, cfg cluster.Config) (*cluster.Conn, error) {
						cfg.URL = pair.url
						return pair.open(ctx, cfg)
					})
					if want == nil {
						want = got
					}
					for i := range min(len(got), len(want)) {
						if got[i] != want[i] {
							t.Errorf("seed %d, %s, step %d: %s; want %s; before:\n%s", seed, pair.what, i, got[i], want[i], strings.Join(want[:i], "\n"))
							break
						}
					}
					if len(got) != len(want) {
						t.Errorf("seed %d, %s: %d steps, want %d", seed, pair.what, len(got), len(want))
					}
				}
			}
		})
	}, anyiotest.Skip("sim", "the server is a real one"))
}

// opened opens a member with a prefix of its own, under which there is nothing yet.
func opened(t *testing.T, ctx context.Context, open opener) *cluster.Conn {
	t.Helper()
	c, err := open(ctx, cluster.Config{Prefix: fmt.Sprint("same", plays.Add(1)), Lost: patience})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What JetStream answers to the questions that this package has.
func TestSimulatedJetStreamAnswersAsTheRealOne(t *testing.T) {
	compared(t, 15, func(t *testing.T, ctx context.Context, r *rand.Rand, open opener) (seen []string) {
		c := opened(t, ctx, open)
		defer c.Close(ctx)
		if err := cluster.OpenJobs(ctx, c); err != nil {
			t.Fatal(err)
		}
		jobs, results, dead := cluster.QueueNames(c)
		prefix := strings.TrimSuffix(jobs, "-jobs")
		consumer := fmt.Sprintf(`{"stream_name":%q,"config":{"durable_name":"q","filter_subject":%q,"deliver_policy":"all","replay_policy":"instant","ack_policy":"explicit","ack_wait":60000000000,"max_deliver":-1,"max_ack_pending":-1}}`, jobs, prefix+".j.f.*")
		cluster.Ask(ctx, c, "$JS.API.CONSUMER.CREATE."+jobs+".q", consumer)
		queued := map[int]string{} // the numbers of the jobs that are stored, by their subjects
		var out []string           // how they are acknowledged, if they are delivered
		for i := range 60 {
			n := r.IntN(4)
			job, result := fmt.Sprintf("%s.j.f.%d", prefix, n), fmt.Sprintf("%s.jr.f.%d", prefix, n)
			what, text := "", ""
			switch k := r.IntN(14); {
			case k < 3:
				what, text = "job", cluster.Ask(ctx, c, job, fmt.Sprint("job ", i))
				if !strings.Contains(text, "error") {
					queued[n], _, _ = strings.Cut(text, " ")
				}
			case k < 5:
				var headers []string
				if last := r.IntN(4); last < 3 {
					headers = []string{"Nats-Expected-Last-Subject-Sequence", fmt.Sprint(last)}
				}
				if r.IntN(2) == 0 {
					headers = append(headers, "Nats-TTL", "100s")
				}
				what, text = "result", cluster.Ask(ctx, c, result, fmt.Sprint("result ", i), headers...)
			case k == 5:
				what, text = "letter", cluster.Ask(ctx, c, prefix+".jd.f.1", "letter", "Nats-TTL", []string{"100s", "x"}[r.IntN(2)])
			case k == 6:
				what, text = "get", cluster.Ask(ctx, c, "$JS.API.DIRECT.GET."+results+"."+result, "")
				text += cluster.Ask(ctx, c, "$JS.API.STREAM.MSG.GET."+jobs, fmt.Sprintf(`{"last_by_subj":%q}`, job))
			case k == 7:
				what, text = "next", cluster.Ask(ctx, c, "$JS.API.STREAM.MSG.GET."+jobs, fmt.Sprintf(`{"next_by_subj":"%s.j.>","seq":%d}`, prefix, 1+r.IntN(8)))
				text += cluster.Ask(ctx, c, "$JS.API.STREAM.MSG.GET."+jobs, fmt.Sprintf(`{"last_by_subj":"%s.j.*.*"}`, prefix))
			case k == 8:
				what, text = "forget", cluster.Ask(ctx, c, "$JS.API.STREAM.PURGE."+results, fmt.Sprintf(`{"filter":%q,"seq":%d}`, result, 1+r.IntN(12)))
			case k < 11:
				acks, came, err := cluster.Pull(ctx, c, jobs, "q", min(1+r.IntN(3), len(queued)-len(out)))
				if err != nil {
					t.Fatal(err)
				}
				what, text, out = "pull", came, append(out, acks...)
			case len(out) > 0:
				ack := []string{"+ACK", "-NAK", "+WPI"}[r.IntN(3)]
				j := r.IntN(len(out))
				what, text = ack, cluster.Ask(ctx, c, out[j], ack)
				if ack == "+ACK" {
					stdmaps.DeleteFunc(queued, func(_ int, number string) bool { return number == numberOf(out[j]) })
				}
				if ack != "+WPI" {
					out = slices.Delete(out, j, j+1)
				}
				if ack == "-NAK" {
					acks, came, err := cluster.Pull(ctx, c, jobs, "q", len(queued)-len(out))
					if err != nil {
						t.Fatal(err)
					}
					text, out = text+came, append(out, acks...)
				}
			}
			seen = append(seen, fmt.Sprintf("%d %s: %s", n, what, strings.ReplaceAll(text, prefix, "PREFIX")))
		}
		for n := range 4 { // only now: a real server may forget then who is to be delivered again
			seen = append(seen, "purge: "+cluster.Ask(ctx, c, "$JS.API.STREAM.PURGE."+jobs, fmt.Sprintf(`{"filter":"%s.j.f.%d"}`, prefix, n)))
		}
		for _, gone := range []string{"STREAM.INFO.none", "STREAM.PURGE.none", "CONSUMER.MSG.NEXT.none.q", "CONSUMER.MSG.NEXT." + jobs + ".none", "DIRECT.GET.none.x"} {
			seen = append(seen, strings.ReplaceAll(gone, prefix, "PREFIX")+cluster.Ask(ctx, c, "$JS.API."+gone, ""))
		}
		return append(seen, cluster.Ask(ctx, c, "$JS.API.STREAM.INFO."+dead, ""))
	})
}

// numberOf reads, from the subject on which a message is acknowledged, its number.
func numberOf(ack string) string { return strings.Split(ack, ".")[5] }

// What two members do with jobs, locks and events, one after the other.
func TestSimulatedJobsAndLocksAreAsReal(t *testing.T) {
	compared(t, 6, func(t *testing.T, ctx context.Context, r *rand.Rand, open opener) (seen []string) {
		c := opened(t, ctx, open)
		defer c.Close(ctx)
		for range 40 {
			key := fmt.Sprint("key ", r.IntN(3))
			lock, err := cluster.NewLock(c, key, cluster.LockOptions{Lease: longLease})
			if err != nil {
				t.Fatal(err)
			}
			event, err := cluster.NewEvent(c, key)
			if err != nil {
				t.Fatal(err)
			}
			what, text := "", ""
			switch k := r.IntN(8); k {
			case 0, 1:
				what, text = "submit", ofJob(ctx, c, key, func(*cluster.Job[int]) string { return "" })
			case 2:
				what, text = "cancel", ofJob(ctx, c, key, func(j *cluster.Job[int]) string { return outcomeOf(0, j.Cancel(ctx)) })
			case 3, 4:
				what = "work"
				working(t, ctx, c, cluster.Worker{Jobs: true, Functions: []string{"tries"}}, func(ctx context.Context) {
					for _, key := range []string{"key 0", "key 1", "key 2"} {
						text += ofJob(ctx, c, key, func(j *cluster.Job[int]) string { return outcomeOf(j.Await(ctx)) })
					}
				})
			case 5:
				what = "lock"
				err := lock.Do(ctx, func(ctx context.Context, token uint64) error {
					other, err := cluster.NewLock(c, key, cluster.LockOptions{Lease: longLease})
					if err != nil {
						return err
					}
					late, err := anyio.MoveOnAfter(ctx, 20*time.Millisecond, func(ctx context.Context) error {
						_, err := other.Acquire(ctx)
						return err
					})
					text = fmt.Sprint(token, late, err)
					return nil
				})
				text += fmt.Sprint(err)
			case 6:
				what, text = "set", fmt.Sprint(event.Set(ctx))
			case 7:
				set, err := event.IsSet(ctx)
				what, text = "is it set", fmt.Sprint(set, err)
			}
			seen = append(seen, fmt.Sprintf("%s %s: %s", key, what, text))
		}
		return seen
	})
}

// ofJob submits a job with a key, does something with it, and tells of its state.
func ofJob(ctx context.Context, c *cluster.Conn, key string, do func(j *cluster.Job[int]) string) string {
	job, err := cluster.Submit(ctx, c, tries, 2, cluster.Key(key))
	if err != nil {
		return err.Error()
	}
	text := do(job)
	state, err := job.Status(ctx)
	return fmt.Sprint(text, " ", state, " ", err)
}

func outcomeOf(n int, err error) string {
	if errors.Is(err, cluster.ErrJobCanceled) {
		return "canceled"
	}
	return fmt.Sprint(n, err)
}
