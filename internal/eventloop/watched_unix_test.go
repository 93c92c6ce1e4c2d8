//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package eventloop_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/eventloop"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/internal/testkit"
)

// While reading is paused the loop is told once that something has arrived, and not again.
func TestPausedReadingWakesTheLoopOnce(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := tcpPair(t, ctx)
		defer a.Close()
		defer b.Close()
		w, r := testkit.NewBell(), a.(kernel.TryStream)
		r.Watch(w)
		if _, err := r.TryRead(make([]byte, 8)); err != kernel.ErrWouldBlock {
			t.Fatal(err)
		}
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil { // it is registered now
			return err
		}
		r.PauseReading()
		before := eventloop.ReadEdges(a)
		for range 5 {
			must[int](t)(b.Write(ctx, []byte("x")))
			if err := anyio.Sleep(ctx, 1); err != nil { // a turn of the loop
				return err
			}
		}
		if n := eventloop.ReadEdges(a) - before; n > 1 {
			t.Errorf("the loop was told %d times", n)
		}
		r.ResumeReading()
		k := 0
		err := w.Until(ctx, false, func() (err error) { k, err = r.TryRead(make([]byte, 8)); return err })
		if k != 5 {
			t.Errorf("read %d bytes, want 5", k)
		}
		return err
	})
}

// A socket from which a short read has taken all is known to be empty, which counts as an
// attempt that found nothing: the next data are told of.
func TestDrainedSocketTellsOfTheNextData(t *testing.T) {
	run(t, func(ctx context.Context, n kernel.Network) error {
		a, b := tcpPair(t, ctx)
		defer a.Close()
		defer b.Close()
		r, buf := a.(kernel.TryStream), make([]byte, 4)
		drained := r.(kernel.Drainer).Drained
		read := func(data, want string, left bool) error {
			must[int](t)(b.Write(ctx, []byte(data)))
			w := testkit.NewBell()
			r.Watch(w)
			k := 0
			err := w.Until(ctx, false, func() (err error) { k, err = r.TryRead(buf); return err })
			if got := string(buf[:k]); got != want {
				t.Errorf("read %q, want %q", got, want)
			}
			if want := !left && eventloop.TrustShortReads; drained() != want {
				t.Errorf("after reading %q of %q: drained is not %v", buf[:k], data, want)
			}
			return err
		}
		if err := read("abcdef", "abcd", true); err != nil {
			return err
		}
		if err := read("", "ef", false); err != nil {
			return err
		}
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil { // what came before was told
			return err
		}
		next := &bell{}
		r.Watch(next)
		if drained() {
			must[int](t)(b.Write(ctx, []byte("g")))
			if err := next.Wait(ctx); err != nil {
				return fmt.Errorf("not told: %w", err)
			}
		}
		if drained() {
			t.Error("drained although there was news")
		}
		return nil
	})
}

// A bell rings once.
type bell struct{ anyio.Event }

func (b *bell) Readable() { b.Set() }
func (b *bell) Writable() {}

// An idle connection that is watched costs 400 bytes or so; see also N5 in bench.
func TestIdleWatchedConnectionIsSmall(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector's own memory would be counted")
	}
	const limit = 440
	var each int64
	for range 3 { // what other tests have left may be allocated or freed meanwhile
		if each = watchedConnection(t); each <= limit {
			return
		}
	}
	t.Errorf("an idle connection takes %d bytes, want %d at most", each, limit)
}

// watchedConnection is how many bytes of the heap an idle connection takes that is watched.
func watchedConnection(t *testing.T) (each int64) {
	const conns = 1000
	run(t, func(ctx context.Context, n kernel.Network) error {
		l := listenTCP(t, ctx)
		defer l.Close()
		var kept [conns]kernel.TryStream
		var peers [conns]kernel.StreamConn
		b := testkit.NewBell()
		for i := range peers {
			peers[i] = must[kernel.StreamConn](t)(dial(ctx, l, "tcp4"))
		}
		before := heap()
		for i := range kept {
			kept[i] = must[kernel.StreamConn](t)(l.Accept(ctx)).(kernel.TryStream)
			kept[i].Watch(b)
			if _, err := kept[i].TryRead(make([]byte, 1)); err != kernel.ErrWouldBlock {
				t.Fatal(err)
			}
		}
		if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
			return err
		}
		each = (heap() - before) / conns
		for i := range kept {
			kept[i].Close()
			peers[i].Close()
		}
		return nil
	})
	return each
}

func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
