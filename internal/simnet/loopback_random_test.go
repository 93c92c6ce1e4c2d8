package simnet_test

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
)

// An end is what a generated scenario knows of one end of a connection.
type end struct {
	open   bool
	shut   bool // for writing
	unread int  // bytes that are on their way here, or wait to be read
	reset  bool // the other end was closed with data unread
	told   bool // of the reset, or that nobody reads any more
}

// play does n random things with a connection, of which the outcome is certain: it
// reads no more than was written, and waits for the end only where it comes.
func (l *lab) play(ctx context.Context, network string, r *rand.Rand, n int) {
	o := kernel.SocketOptions{Network: "tcp4", Local: at("127.0.0.1", 0)}
	if network == "unix" {
		o = unixOptions(filepath.Join(l.dir, "pair"), "")
	}
	ln, err := l.k.ListenStream(ctx, o)
	if err != nil {
		l.t.Fatal(err)
	}
	defer func() {
		_ = ln.Close()
		_ = l.k.RemoveSocketFile(ctx, o.Local.Path)
	}()
	var conns [2]kernel.StreamConn
	if conns[0], err = l.k.DialStream(ctx, kernel.SocketOptions{Network: o.Network, Remote: ln.LocalAddr()}); err != nil {
		l.t.Fatal(err)
	}
	if conns[1], err = ln.Accept(ctx); err != nil {
		l.t.Fatal(err)
	}
	defer conns[0].Close()
	defer conns[1].Close()
	ends := [2]end{{open: true}, {open: true}}
	for range n {
		i := r.IntN(2)
		c, me, other := conns[i], &ends[i], &ends[1-i]
		who := fmt.Sprint("end ", i, " ")
		size := 1 + r.IntN(3000)
		switch r.IntN(12) {
		case 0, 1, 2, 3: // write
			switch {
			case me.open && me.reset && !me.told: // whether the reset has come is a race
			case !me.open || me.shut:
				l.see(who+"writes in vain", write(ctx, c, "x"))
			case other.open:
				_, err := c.Write(ctx, make([]byte, size))
				l.see(fmt.Sprint(who, "writes ", size), err)
				other.unread += size
			case network == "unix" || me.told:
				l.see(who+"writes to nobody", write(ctx, c, "x"))
			}
		case 4, 5, 6, 7: // read
			switch {
			case !me.open:
				l.read(ctx, who+"reads in vain", c, 1)
			case me.unread > 0 && !me.reset:
				k := min(size, me.unread)
				_, err := io.ReadFull(reading{ctx, c}, make([]byte, k))
				l.see(fmt.Sprint(who, "reads ", k), err)
				me.unread -= k
			case me.unread == 0 && (other.shut || !other.open):
				l.read(ctx, who+"reads the end", c, 1)
				me.told = me.told || me.reset && !other.shut
			}
		case 8: // half-close
			if !me.shut && !me.reset && (other.open || !me.open) {
				l.see(who+"half-closes", c.CloseWrite())
				me.shut = true
			}
		case 9, 10: // close, rarely
			if r.IntN(3) == 0 && (!me.open || me.unread == 0 || other.unread == 0) {
				if me.open && me.unread > 1 && !me.reset { // what is on its way makes the close another one
					_, err := io.ReadFull(reading{ctx, c}, make([]byte, me.unread-1))
					l.see(fmt.Sprint(who, "reads ", me.unread-1), err)
					me.unread = 1
				}
				l.see(who+"closes", c.Close())
				if me.open && me.unread > 0 {
					other.reset = true
				}
				me.open = false
			}
		case 11:
			if !ends[0].open && !ends[1].open {
				return
			}
		}
	}
}

// reading is a connection as an io.Reader.
type reading struct {
	ctx context.Context
	c   kernel.StreamConn
}

func (r reading) Read(p []byte) (int, error) { return r.c.Read(r.ctx, p) }

// TestRandomOutcomesAreThoseOfTheLoopback plays generated scenarios over package
// net, the event loop's sockets and the simulator.
func TestRandomOutcomesAreThoseOfTheLoopback(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("the simulated network is modeled on Linux")
	}
	scenarios := 400
	if testing.Short() || race.Enabled {
		scenarios = 60
	}
	dir := t.TempDir()
	for seed := range uint64(scenarios) {
		for _, network := range []string{"tcp4", "unix"} {
			run := func(b anyio.Backend, dir string) []string {
				l := &lab{t: t, dir: dir}
				wantNil(t, b.Name(), anyio.Run(context.Background(), func(ctx context.Context) error {
					l.k = kernel.NetworkOf(ctx)
					l.play(ctx, network, rand.New(rand.NewPCG(seed, 0)), 40)
					return nil
				}, anyio.On(b)))
				for i := range l.log { // package net tells the network as it was given
					l.log[i] = strings.ReplaceAll(l.log[i], " tcp4:", " tcp:")
				}
				return l.log
			}
			want := run(anyio.Parallel(), dir)
			for _, b := range []anyio.Backend{anyio.EventLoop(), sim.New(sim.Config{Seed: seed})} {
				where := dir
				if _, ok := b.(*sim.Sim); ok {
					where = "/run"
				}
				got := run(b, where)
				for i := range max(len(want), len(got)) {
					x, y := "nothing", "nothing"
					if i < len(want) {
						x = want[i]
					}
					if i < len(got) {
						y = got[i]
					}
					if x != y {
						t.Log(strings.Join(want[:i], "\n"))
						t.Errorf("scenario %d over %s, step %d:\nparallel  %s\n%-9s %s", seed, network, i, x, b.Name(), y)
						break
					}
				}
				if t.Failed() {
					return
				}
			}
		}
	}
}
