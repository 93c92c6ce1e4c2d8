package sim_test

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
)

const (
	pulse  = 10 * time.Millisecond
	pulses = 200
)

// beats is a program of two hosts that send each other a datagram at each pulse, and have a
// connection. It returns what went wrong, as far as they can tell.
func beats(ctx context.Context) (wrong map[string]bool, err error) {
	wrong = map[string]bool{}
	var mu sync.Mutex
	got := map[string][]int{} // by the host that receives; guarded by mu, as are the others
	starts := map[string]int{}
	n := sim.NetworkOf(ctx)
	for _, host := range []string{"a", "b"} {
		if err := n.AddHost(host, sim.HostConfig{}); err != nil {
			return nil, err
		}
	}
	begin := anyio.Now(ctx)
	serve := func(host, peer string) func(ctx context.Context) error {
		return func(ctx context.Context) error {
			mu.Lock()
			starts[host]++
			mu.Unlock()
			s, err := socket.ListenUDP(ctx, host, 9)
			if err != nil {
				return err
			}
			defer s.Close(ctx)
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error {
					for {
						p, err := s.Receive(ctx)
						if err != nil {
							return err
						}
						number, _ := strconv.Atoi(string(p.Data))
						mu.Lock()
						got[host] = append(got[host], number)
						mu.Unlock()
					}
				})
				tg.Go(func(ctx context.Context) error {
					for {
						now := int(anyio.Now(ctx).Sub(begin) / pulse)
						if now < pulses {
							_ = s.SendTo(ctx, []byte(strconv.Itoa(now)), netip.AddrPortFrom(n.Addrs(peer)[0], 9))
						}
						if err := anyio.Sleep(ctx, begin.Add(time.Duration(now+1)*pulse).Sub(anyio.Now(ctx))); err != nil {
							return err
						}
					}
				})
				return watch(ctx, host, func() {
					mu.Lock()
					defer mu.Unlock()
					wrong["reset"] = true
				})
			})
		}
	}
	err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		defer tg.Cancel("done")
		tg.Go(func(ctx context.Context) error { return sim.RunOnHost(ctx, "a", serve("a", "b")) })
		tg.Go(func(ctx context.Context) error { return sim.RunOnHost(ctx, "b", serve("b", "a")) })
		return anyio.Sleep(ctx, pulses*pulse+time.Second)
	})
	lost := map[string]int{}
	for host, numbers := range got {
		if starts[host] > 1 {
			wrong["restarted"] = true
		}
		if !slices.IsSorted(numbers) {
			wrong["overtaken"] = true
		}
		slices.Sort(numbers)
		if len(slices.Compact(slices.Clone(numbers))) < len(numbers) {
			wrong["twice"] = true
		}
		last := -1
		for _, number := range append(slices.Compact(numbers), pulses) {
			if number > last+1 {
				lost[host]++
			}
			last = number
		}
	}
	switch {
	case lost["a"] > 0 && lost["b"] > 0:
		wrong["lost"] = true
	case lost["a"]+lost["b"] > 0:
		wrong["lost one way"] = true
	}
	if max(lost["a"], lost["b"]) > 1 {
		wrong["lost now and then"] = true
	}
	return wrong, err
}

// watch keeps a connection from host a to host b, and tells if it is reset.
func watch(ctx context.Context, host string, reset func()) error {
	wait := func(ctx context.Context, s *socket.Stream) error {
		defer s.Close(ctx)
		_, err := s.Receive(ctx, make([]byte, 1))
		if errors.Is(err, syscall.ECONNRESET) {
			reset()
		}
		return ctx.Err()
	}
	if host == "b" {
		l, err := socket.ListenTCP(ctx, "", 7)
		if err != nil {
			return err
		}
		defer l.Close(ctx)
		return l.Serve(ctx, nil, wait)
	}
	for {
		s, err := socket.DialTCP(ctx, "b", 7)
		if err == nil {
			err = wait(ctx, s)
		}
		if ctx.Err() != nil {
			return err
		}
		if err := anyio.Sleep(ctx, pulse); err != nil {
			return err
		}
	}
}

func TestEachKindOfFaultDoesWhatItSays(t *testing.T) {
	seeds := uint64(40)
	if race.Enabled {
		seeds = 15
	}
	dead := []string{"restarted", "reset", "lost", "lost one way", "lost now and then"}
	for kind, c := range map[sim.FaultKind]struct{ must, may []string }{
		sim.FaultPartition: {must: []string{"lost"}},
		sim.FaultOneWay:    {must: []string{"lost one way"}},
		sim.FaultSplit:     {must: []string{"lost"}},
		sim.FaultKill:      {must: []string{"restarted", "reset", "lost"}, may: dead},
		sim.FaultPowerOff:  {must: []string{"restarted", "lost"}, may: dead},
		sim.FaultLoss:      {must: []string{"lost", "lost now and then"}, may: dead[2:]},
		sim.FaultDelay:     {must: []string{"overtaken"}},
		sim.FaultDuplicate: {must: []string{"twice"}},
		sim.FaultReset:     {must: []string{"reset"}},
	} {
		t.Run(kind.String(), func(t *testing.T) {
			seen := map[string]bool{}
			happened := 0
			for seed := range seeds {
				s := sim.New(sim.Config{Seed: seed, Faults: sim.Faults{Max: 1, Kinds: []sim.FaultKind{kind}, Hosts: []string{"a", "b"},
					From: 100 * time.Millisecond, Until: 1500 * time.Millisecond, Lasts: sim.Range{Min: 30 * time.Millisecond, Max: 300 * time.Millisecond}}})
				var wrong map[string]bool
				err := anyio.Run(context.Background(), func(ctx context.Context) (err error) {
					wrong, err = beats(ctx)
					return err
				}, anyio.On(s))
				testkit.Must(t, err)
				for _, f := range s.Faults() {
					if f.Kind != kind {
						t.Errorf("a %v", f)
					}
					happened++
				}
				if len(s.Faults()) == 0 && len(wrong) > 0 {
					t.Errorf("without a fault: %v", wrong)
				}
				maps.Copy(seen, wrong)
				for what := range wrong {
					if !slices.Contains(c.must, what) && !slices.Contains(c.may, what) {
						t.Errorf("%v: %s", s.Faults(), what)
					}
				}
			}
			for _, what := range c.must {
				if !seen[what] {
					t.Errorf("of %d faults none has %s, but %v", happened, what, slices.Sorted(maps.Keys(seen)))
				}
			}
			if happened < int(seeds)-5 {
				t.Errorf("%d runs have %d faults", seeds, happened)
			}
		})
	}
}
