package sim_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/schedule"
	"github.com/anyio-go/anyio/internal/testkit"
	"github.com/anyio-go/anyio/sim"
)

// planned is the word of a schedule with these faults.
func planned(faults ...schedule.Fault) string {
	return (&schedule.Plan{Seed: 1, Faults: faults}).String()
}

func fault(kind schedule.FaultKind, at, lasts time.Duration, hosts ...string) schedule.Fault {
	return schedule.Fault{Kind: kind, At: at * time.Second, For: lasts * time.Second, Hosts: hosts}
}

// comes reports whether a datagram gets from one host to another.
func comes(ctx context.Context, n *sim.Network, from, to string) (yes bool) {
	before := n.Stats().Delivered
	_ = sim.RunOnHost(ctx, from, func(ctx context.Context) error {
		addr := kernel.Addr{IP: netip.AddrPortFrom(n.Addrs(to)[0], 1)}
		c, err := kernel.NetworkOf(ctx).OpenPacket(ctx, kernel.SocketOptions{Network: "udp", Remote: addr})
		if err != nil {
			return err
		}
		defer func() { _ = c.Close() }()
		if err := c.WriteTo(ctx, []byte("x"), kernel.Addr{}); err != nil {
			return err
		}
		return anyio.Sleep(ctx, 20*time.Millisecond)
	})
	return n.Stats().Delivered > before
}

// probes tells at each second whether a's datagrams get to b, and whether b answers in
// this way.
func probes(ctx context.Context, n *sim.Network, seconds int, also func(second int)) (text string, err error) {
	begin := anyio.Now(ctx)
	for i := range seconds {
		if also != nil {
			also(i)
		}
		if err := anyio.Sleep(ctx, begin.Add(time.Duration(i)*time.Second+500*time.Millisecond).Sub(anyio.Now(ctx))); err != nil {
			return "", err
		}
		there, back := comes(ctx, n, "a", "b"), comes(ctx, n, "b", "a")
		switch {
		case there && back:
			text += "="
		case there:
			text += ">"
		case back:
			text += "<"
		default:
			text += "x"
		}
		if err := anyio.Sleep(ctx, begin.Add(time.Duration(i+1)*time.Second).Sub(anyio.Now(ctx))); err != nil {
			return "", err
		}
	}
	return text, nil
}

func TestFaultsOfAPlan(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []schedule.Fault
		also   func(n *sim.Network, second int)
		want   string
		told   int // faults that have happened
	}{
		{name: "one after the other", want: "=xx=>=", told: 2,
			faults: []schedule.Fault{fault(schedule.Partition, 1, 2, "a", "b"), fault(schedule.OneWay, 4, 1, "b", "a")}},
		{name: "overlapping", want: "=xxxx=", told: 2,
			faults: []schedule.Fault{fault(schedule.Partition, 1, 2, "b", "a"), fault(schedule.Split, 2, 3, "b")}},
		{name: "for good", want: "=xxxx", told: 1, faults: []schedule.Fault{fault(schedule.Split, 1, -1, "a")}},
		{name: "healed by the program", want: "=x=x==", told: 2,
			faults: []schedule.Fault{fault(schedule.Partition, 1, 3, "a", "b"), fault(schedule.Split, 3, 9, "a")},
			also: func(n *sim.Network, second int) {
				switch second {
				case 2:
					n.Heal("a", "b")
				case 4:
					n.HealAll()
				}
			}},
		{name: "the program's own stays", want: "xxxx", told: 1, faults: []schedule.Fault{fault(schedule.Partition, 1, 1, "a", "b")},
			also: func(n *sim.Network, second int) { n.Partition("a", "b") }},
		{name: "stopped", want: "=x====", told: 2,
			faults: []schedule.Fault{fault(schedule.Partition, 1, -1, "a", "b"), fault(schedule.Loss, 1, 9, "b", "a"), fault(schedule.Kill, 3, 9, "a")},
			also: func(n *sim.Network, second int) {
				if second == 2 {
					n.StopFaults()
				}
			}},
		{name: "not possible", want: "====", told: 1,
			faults: []schedule.Fault{fault(schedule.Partition, 0, 9, "a", "nobody"), fault(schedule.Kill, 1, 9), fault(schedule.Reset, 1, 0, "a", "b"),
				fault(schedule.Split, 1, 9, "a", "b", "localhost"), fault(schedule.Kill, 1, 1, "localhost"), fault(schedule.Kill, 1, 1, "localhost")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var got string
			play := func(word string) (*sim.Sim, string) {
				var trace bytes.Buffer
				s := run(t, sim.Config{Replay: word}, func(ctx context.Context, n *sim.Network) (err error) {
					n.Trace(&trace)
					for _, host := range []string{"a", "b"} {
						testkit.WantNil(t, "add", n.AddHost(host, sim.HostConfig{}))
					}
					got, err = probes(ctx, n, len(c.want), func(second int) {
						if c.also != nil {
							c.also(n, second)
						}
					})
					return err
				})
				return s, trace.String()
			}
			s, trace := play(planned(c.faults...))
			if got != c.want || len(s.Faults()) != c.told {
				t.Errorf("%s, want %s; the faults are %v\n%s", got, c.want, s.Faults(), trace)
			}
			if n := strings.Count(trace, "planned"); n != c.told {
				t.Errorf("the trace has %d faults of %d:\n%s", n, c.told, trace)
			}
			if again, _ := play(s.Schedule()); again.Schedule() != s.Schedule() || got != c.want {
				t.Errorf("%s becomes %s, which is %s", s.Schedule(), again.Schedule(), got)
			}
		})
	}
}

// A host is restarted when the fault is over, unless others have done that meanwhile.
func TestKilledHostsAreRestarted(t *testing.T) {
	for _, c := range []struct {
		name   string
		faults []schedule.Fault
		also   func(n *sim.Network, second int)
		want   string // starts by the end of each second
	}{
		{"killed", []schedule.Fault{fault(schedule.Kill, 1, 2, "a")}, nil, "11122"},
		{"without power", []schedule.Fault{fault(schedule.PowerOff, 1, 1, "a"), fault(schedule.Kill, 3, 1, "a")}, nil, "11223"},
		{"for good", []schedule.Fault{fault(schedule.Kill, 1, -1, "a")}, nil, "1111"},
		{"restarted by the program, which kills it again", []schedule.Fault{fault(schedule.Kill, 1, 4, "a")}, func(n *sim.Network, second int) {
			switch second {
			case 2:
				n.Restart("a")
			case 3:
				n.Kill("a", "again")
			}
		}, "1122222"},
		{"stopped", []schedule.Fault{fault(schedule.Kill, 1, -1, "a"), fault(schedule.Kill, 3, 1, "a")}, func(n *sim.Network, second int) {
			if second == 2 {
				n.StopFaults()
			}
		}, "112222"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ""
			var starts atomic.Int32
			run(t, sim.Config{Replay: planned(c.faults...)}, func(ctx context.Context, n *sim.Network) error {
				return group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
					tg.Go(func(ctx context.Context) error {
						return sim.RunOnHost(ctx, "a", func(ctx context.Context) error {
							starts.Add(1)
							return anyio.SleepForever(ctx)
						})
					})
					for i := range len(c.want) {
						if c.also != nil {
							c.also(n, i)
						}
						if err := anyio.Sleep(ctx, 999*time.Millisecond); err != nil {
							return err
						}
						got += fmt.Sprint(starts.Load())
						if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
							return err
						}
					}
					return nil
				})
			})
			if got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

// The plan is the same in each order of tasks, and concerns the same hosts in whatever order
// those are made.
func TestFaultsDoNotDependOnTheOrderOfTasks(t *testing.T) {
	kinds := []sim.FaultKind{sim.FaultPartition, sim.FaultOneWay, sim.FaultSplit, sim.FaultKill, sim.FaultPowerOff, sim.FaultLoss, sim.FaultDelay}
	plans := map[string]bool{}
	for seed := range uint64(20) {
		var first string
		for i, strategy := range append(strategies, sim.Strategy{}) {
			s := run(t, sim.Config{Seed: seed, Strategy: strategy, Faults: sim.Faults{Max: 5, Kinds: kinds, From: time.Millisecond}},
				func(ctx context.Context, n *sim.Network) error {
					names := []string{"a", "b", "c", "d"}
					slices.SortFunc(names, func(x, y string) int { return strings.Compare(x, y) * (i%2*2 - 1) })
					for _, name := range names {
						testkit.WantNil(t, "add", n.AddHost(name, sim.HostConfig{}))
					}
					return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
						for range 4 {
							tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Minute) })
						}
						return nil
					})
				})
			text := fmt.Sprint(s.Faults())
			if plans[text] = true; first == "" {
				first = text
			}
			if text != first || text == "[]" {
				t.Fatalf("seed %d, %v: %s and %s", seed, strategy, first, text)
			}
		}
	}
	if len(plans) < 20 {
		t.Errorf("20 seeds have %d plans", len(plans))
	}
}

// Hosts are those that may be concerned. Nobody kills localhost, where the program began, and a
// partition is no use where nothing is sent.
func TestFaultsConcernTheHostsThatTheyMay(t *testing.T) {
	of := func(faults sim.Faults, sends bool) (all []sim.Fault) {
		faults.Max, faults.From = 5, time.Millisecond
		for seed := range uint64(30) {
			s := run(t, sim.Config{Seed: seed, Faults: faults}, func(ctx context.Context, n *sim.Network) error {
				for _, name := range []string{"a", "b", "c"} {
					testkit.WantNil(t, "add", n.AddHost(name, sim.HostConfig{}))
				}
				if sends {
					comes(ctx, n, "localhost", "a")
				}
				return anyio.Sleep(ctx, time.Minute)
			})
			all = append(all, s.Faults()...)
		}
		return all
	}
	for _, f := range of(sim.Faults{Hosts: []string{"b"}}, true) {
		if !slices.Contains(f.Hosts, "b") || f.Kind == sim.FaultKill && len(f.Hosts) > 1 {
			t.Errorf("%v does not concern b", f)
		}
	}
	local := map[bool]int{}
	for _, sends := range []bool{false, true} {
		for _, f := range of(sim.Faults{}, sends) {
			if slices.Contains(f.Hosts, "localhost") {
				local[sends]++
				if f.Kind == sim.FaultKill || f.Kind == sim.FaultPowerOff {
					t.Errorf("%v", f)
				}
			}
		}
	}
	if local[false] > 0 || local[true] == 0 {
		t.Errorf("localhost is concerned %d times when it sends nothing, and %d times when it does", local[false], local[true])
	}
}

// With a profile faults begin where something is sent, in the time that the run took.
func TestFaultsUseTheProfile(t *testing.T) {
	cfg := sim.Config{Strategy: sim.Random()}
	play := func() *sim.Sim {
		return run(t, cfg, func(ctx context.Context, n *sim.Network) error {
			for _, name := range []string{"a", "b"} {
				testkit.WantNil(t, "add", n.AddHost(name, sim.HostConfig{}))
			}
			for range 2 {
				if err := anyio.Sleep(ctx, time.Hour); err != nil {
					return err
				}
				comes(ctx, n, "a", "b")
			}
			return anyio.Sleep(ctx, time.Hour)
		})
	}
	first := play()
	hits, late, all := 0, 0, 0
	cfg.Profile, cfg.Faults = first.Profile(), sim.Faults{Max: 3}
	for cfg.Seed = range uint64(100) {
		for _, f := range play().Faults() {
			all++
			if f.At > 100*time.Millisecond && f.At < 3*time.Hour {
				late++
			}
			if f.At >= time.Hour && f.At < time.Hour+20*time.Millisecond || f.At >= 2*time.Hour && f.At < 2*time.Hour+20*time.Millisecond {
				hits++
			}
		}
	}
	if all < 100 || late < all*9/10 || hits < all/10 {
		t.Errorf("of %d faults %d are in the time of the first run, %d at the time of a packet", all, late, hits)
	}
}

// A run that has no network is a deadlock at once, and tells of no faults.
func TestNoFaultsWithoutASecondHost(t *testing.T) {
	cfg := sim.Config{Seed: 3, Strategy: sim.Random(), Faults: sim.Faults{Max: 3}}
	s := sim.New(cfg)
	var waited time.Duration
	err := anyio.Run(context.Background(), func(ctx context.Context) error {
		begin := anyio.Now(ctx)
		defer func() { waited = anyio.Now(ctx).Sub(begin) }()
		_ = sim.NetworkOf(ctx)
		return anyio.SleepForever(ctx)
	}, anyio.On(s))
	var deadlock *sim.DeadlockError
	if !errors.As(err, &deadlock) || waited != 0 || s.Faults() != nil || !strings.HasPrefix(s.Schedule(), "s1.") {
		t.Errorf("%v after %v, faults %v, schedule %s", err, waited, s.Faults(), s.Schedule())
	}
	if sim.New(cfg).Faults() != nil {
		t.Error("there are faults before a run")
	}
}

func TestWrongFaultsAreRefused(t *testing.T) {
	for want, f := range map[string]sim.Faults{
		"Max is -1":                {Max: -1},
		"Max is 0, so that":        {Kinds: []sim.FaultKind{sim.FaultKill}},
		"there is no FaultKind(9)": {Max: 1, Kinds: []sim.FaultKind{9}},
		"from 1s until 1s":         {Max: 1, From: time.Second, Until: time.Second},
		"Lasts from 2s to 1s":      {Max: 1, Lasts: sim.Range{Min: 2 * time.Second, Max: time.Second}},
	} {
		err := anyio.Run(context.Background(), func(context.Context) error { return nil }, anyio.On(sim.New(sim.Config{Faults: f})))
		var misuse *anyio.MisuseError
		if !errors.As(err, &misuse) || !strings.Contains(err.Error(), "sim.Faults: "+want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
