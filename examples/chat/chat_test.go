package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/socket"
	"github.com/anyio-go/anyio/stream"
)

func TestMain(m *testing.M) { os.Exit(anyiotest.Main(m)) }

// small makes the buffers of connections small, so that who does not read is slow soon.
var small = sim.NetworkConfig{SendBuffer: 2000, ReceiveBuffer: 2000}

// A conversation is what was said in a room and what everybody got of it.
type conversation struct {
	log  []string // in the order of the server
	seen map[string]*seen
}

// seen is what one of them got.
type seen struct {
	lines    []string
	slowest  time.Duration // until an own line came back
	sessions int           // connections
}

// converse lets three people talk for two minutes, three lines a second each, while
// faults happens. In the end the server gets a signal.
func converse(ctx context.Context, faults func(ctx context.Context, net *sim.Network) error) (*conversation, error) {
	c := &conversation{seen: map[string]*seen{"ann": {}, "ben": {}, "cat": {}}}
	start := anyio.Now(ctx)
	said := func(_ context.Context, line string) { c.log = append(c.log, line) } // under the room's lock
	got := func(ctx context.Context, b *bot, line string) {
		s := c.seen[b.name]
		s.lines, s.sessions = append(s.lines, line), b.sessions
		var at int64
		if _, err := fmt.Sscanf(line, b.name+": %d ms", &at); err == nil {
			s.slowest = max(s.slowest, anyio.Now(ctx).Sub(start)-time.Duration(at)*time.Millisecond)
		}
	}
	err := simulate(ctx, []string{"ann", "ben", "cat"}, said, got, func(ctx context.Context, bots []*bot) error {
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return faults(ctx, sim.NetworkOf(ctx)) }, anyio.Name("faults"))
			for _, b := range bots {
				tg.Go(func(ctx context.Context) error {
					for range talk {
						b.say(fmt.Sprintf("%d ms", anyio.Now(ctx).Sub(start).Milliseconds()))
						if err := anyio.Sleep(ctx, 300*time.Millisecond); err != nil {
							return err
						}
					}
					return nil
				}, anyio.Name(b.name+" thinks"))
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := anyio.Sleep(ctx, 2*time.Minute); err != nil { // who was away comes back
			return err
		}
		for _, b := range bots {
			b.say("good night")
		}
		if err := anyio.Sleep(ctx, 30*time.Second); err != nil {
			return err
		}
		return sim.Raise(ctx, syscall.SIGTERM)
	})
	return c, err
}

const talk = 400 // lines of each

// complete checks that somebody got every line from the first own one on, undisturbed.
func (c *conversation) complete(name string) error {
	from := slices.Index(c.log, "* "+name+" has come")
	s := c.seen[name]
	if from < 0 || !slices.Equal(s.lines, c.log[from:]) {
		return fmt.Errorf("%s got %d lines of %d", name, len(s.lines), len(c.log)-from)
	}
	if s.sessions != 1 || s.slowest > time.Second {
		return fmt.Errorf("%s was disturbed: %d connections, own lines came back after %v", name, s.sessions, s.slowest)
	}
	return nil
}

// inOrder checks that what somebody got is what was said, with gaps but in order and
// not twice.
func (c *conversation) inOrder(name string) error {
	rest := c.log
	for i, line := range c.seen[name].lines {
		next := slices.Index(rest, line)
		if next < 0 {
			return fmt.Errorf("%s got %q as line %d: not said, or twice, or not in this order", name, line, i)
		}
		rest = rest[next+1:]
	}
	return nil
}

// While the network of one is partitioned, in whatever direction and for however
// long, the others talk undisturbed; and after it is healed that one is back.
func TestPartition(t *testing.T) {
	thrownOut := 0
	for seed := uint64(1); seed <= 12; seed++ {
		away := time.Duration(5+6*seed) * time.Second // 11 to 77 s
		backend := sim.New(sim.Config{Seed: seed, Network: small})
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			c, err := converse(ctx, func(ctx context.Context, net *sim.Network) error {
				if err := anyio.Sleep(ctx, 10*time.Second); err != nil {
					return err
				}
				switch seed % 3 {
				case 0:
					net.Partition("cat", "server")
				case 1:
					net.PartitionOneWay("cat", "server")
				case 2:
					net.PartitionOneWay("server", "cat")
				}
				if err := anyio.Sleep(ctx, away); err != nil {
					return err
				}
				net.HealAll()
				return nil
			})
			if err != nil {
				return err
			}
			thrownOut += min(1, c.seen["cat"].sessions-1)
			for _, name := range []string{"ann", "ben"} {
				if err := c.complete(name); err != nil {
					return err
				}
			}
			if err := c.inOrder("cat"); err != nil {
				return err
			}
			cat := c.seen["cat"]
			for _, line := range []string{"ann: good night", "ben: good night", "cat: good night", goodbye} {
				if !slices.Contains(cat.lines, line) {
					return fmt.Errorf("cat is not back: no %q; %d connections", line, cat.sessions)
				}
			}
			return nil
		}, anyio.On(backend))
		if err != nil {
			t.Fatalf("seed %d, cat away for %v: %v", seed, away, err)
		}
	}
	if thrownOut < 6 {
		t.Errorf("cat was too slow with %d seeds only", thrownOut)
	}
}

func TestNothingIsLostWithoutFaults(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		cfg := sim.Config{Seed: seed, Network: small}
		cfg.Network.Link = sim.Link{Latency: 5 * time.Millisecond, Jitter: 5 * time.Millisecond, Loss: 0.001}
		err := anyio.Run(t.Context(), func(ctx context.Context) error {
			c, err := converse(ctx, func(context.Context, *sim.Network) error { return nil })
			for _, name := range []string{"ann", "ben", "cat"} {
				if err == nil {
					err = c.complete(name)
				}
			}
			if said := strings.Count(strings.Join(c.log, "\n"), " ms"); err == nil && said != 3*talk {
				err = fmt.Errorf("%d lines were said", said)
			}
			return err
		}, anyio.On(sim.New(cfg)))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// A client that reads nothing is thrown out, and sees that this was not the end.
func TestWhoDoesNotReadIsThrownOut(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "localhost", 0)
		if err != nil {
			t.Fatal(err)
		}
		var come, gone anyio.Event
		r := &room{said: func(_ context.Context, line string) {
			switch line {
			case "* sleeper has come":
				come.Set()
			case "* sleeper has gone: too slow":
				gone.Set()
			}
		}}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return l.Serve(ctx, tg, r.handle) }, anyio.Name("server"))
			sleeper, err := socket.DialTCP(ctx, "localhost", l.Port())
			if err != nil {
				return err
			}
			defer func() { _ = sleeper.Close(ctx) }()
			if err := sleeper.Send(ctx, []byte("sleeper\n")); err != nil {
				return err
			}
			if err := come.Wait(ctx); err != nil {
				return err
			}
			line := strings.Repeat("z", 100_000)
			for !gone.IsSet() {
				r.say(ctx, line)
				if err := anyio.Sleep(ctx, time.Millisecond); err != nil {
					return err
				}
			}
			_, err = io.Copy(io.Discard, stream.Reader(ctx, sleeper))
			if !errors.Is(err, anyio.ErrBroken) {
				t.Errorf("the sleeper's connection has ended with %v", err)
			}
			tg.Cancel("done")
			return nil
		})
		if err := errors.Join(err, l.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
}

func TestTheSameNameAgainReplacesTheOldConnection(t *testing.T) {
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		l, err := socket.ListenTCP(ctx, "localhost", 0)
		if err != nil {
			t.Fatal(err)
		}
		r := &room{said: func(context.Context, string) {}}
		err = anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			tg.Go(func(ctx context.Context) error { return l.Serve(ctx, tg, r.handle) }, anyio.Name("server"))
			var conns []*stream.BufferedStream
			for i := range 2 {
				conn, err := socket.DialTCP(ctx, "localhost", l.Port())
				if err != nil {
					return err
				}
				s := stream.NewBuffered(conn)
				defer func() { _ = s.Close(ctx) }()
				conns = append(conns, s)
				if err := s.Send(ctx, []byte("ann\n")); err != nil {
					return err
				}
				line, err := s.ReceiveUntil(ctx, "\n", longest)
				if i == 1 && err == nil && string(line) == "* ann has gone: is here again" {
					line, err = s.ReceiveUntil(ctx, "\n", longest)
				}
				if err != nil || string(line) != "* ann has come" {
					return fmt.Errorf("%q, %w", line, err)
				}
			}
			if line, err := conns[0].ReceiveUntil(ctx, "\n", longest); err == nil {
				t.Errorf("the old connection got %q", line)
			}
			tg.Cancel("done")
			return nil
		})
		if err := errors.Join(err, l.Close(ctx)); err != nil {
			t.Error(err)
		}
	})
}
