package anyio_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/race"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A selectStorm lets tasks send and receive over two streams by Select and by
// plain calls while others cancel them, and books every item.
type selectStorm struct {
	t       *testing.T
	seed    uint64
	items   int // per sender
	senders int
	scopes  []atomic.Pointer[anyio.CancelScope]
	done    atomic.Bool
	ops     atomic.Int64 // Select, Send and Receive that were called
	cancels atomic.Int64 // of them canceled
	mu      sync.Mutex
	seen    map[stormItem]int // guarded by mu
}

type stormItem struct{ from, seq int }

type (
	sendEnd    = stream.MemorySendStream[stormItem]
	receiveEnd = stream.MemoryReceiveStream[stormItem]
)

func (s *selectStorm) run(ctx context.Context, buffer int) {
	s.seen = make(map[stormItem]int)
	s.scopes = make([]atomic.Pointer[anyio.CancelScope], s.senders)
	sendA, recvA := stream.Memory[stormItem](buffer)
	sendB, recvB := stream.Memory[stormItem](buffer)
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		var alive atomic.Int32
		for i := range s.senders {
			a, b := sendA.Clone(), sendB.Clone()
			tg.Go(func(ctx context.Context) error {
				defer a.Close(ctx)
				defer b.Close(ctx)
				return s.send(ctx, i, a, b)
			})
			ra, rb := recvA.Clone(), recvB.Clone()
			alive.Add(1)
			tg.Go(func(ctx context.Context) error {
				defer func() { s.done.Store(alive.Add(-1) == 0) }()
				defer ra.Close(ctx)
				defer rb.Close(ctx)
				return s.receive(ctx, i, ra, rb)
			})
		}
		sendA.Close(ctx)
		sendB.Close(ctx)
		recvA.Close(ctx)
		recvB.Close(ctx)
		rng := rand.New(rand.NewPCG(s.seed, 1000))
		for !s.done.Load() {
			if sc := s.scopes[rng.IntN(s.senders)].Load(); sc != nil {
				sc.Cancel("storm")
			}
			for range 1 + rng.IntN(6) {
				if err := checkpoint(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		s.t.Errorf("seed %d: %v", s.seed, err)
	}
	for from := range s.senders {
		for seq := range s.items {
			if n := s.seen[stormItem{from, seq}]; n != 1 {
				s.t.Errorf("seed %d: item %d of sender %d was received %d times", s.seed, seq, from, n)
			}
		}
	}
}

// attempt calls f in a scope that anybody may cancel, and tells whether it was.
func (s *selectStorm) attempt(ctx context.Context, slot int, f func(ctx context.Context) error) (canceled bool, err error) {
	s.ops.Add(1)
	err = anyio.WithCancelScope(ctx, func(ctx context.Context, sc *anyio.CancelScope) error {
		s.scopes[slot].Store(sc)
		err := f(ctx)
		canceled = errors.Is(err, anyio.ErrCanceled)
		return err
	})
	if canceled {
		s.cancels.Add(1)
	}
	return canceled, err
}

func (s *selectStorm) send(ctx context.Context, from int, a, b *sendEnd) error {
	rng := rand.New(rand.NewPCG(s.seed, uint64(from)))
	for seq := range s.items {
		item := stormItem{from, seq}
		for {
			plain := rng.IntN(3) == 0
			canceled, err := s.attempt(ctx, from, func(ctx context.Context) error {
				if plain {
					return a.Send(ctx, item)
				}
				_, err := anyio.Select(ctx, anyio.OnSend(a, item), anyio.OnSend(b, item))
				return err
			})
			if err != nil {
				return err
			}
			if !canceled {
				break
			}
		}
	}
	return nil
}

func (s *selectStorm) receive(ctx context.Context, slot int, a, b *receiveEnd) error {
	rng := rand.New(rand.NewPCG(s.seed, uint64(100+slot)))
	var last [2][]int // by stream and sender
	for i := range last {
		last[i] = make([]int, s.senders)
		for j := range last[i] {
			last[i][j] = -1
		}
	}
	got := make(map[stormItem]int)
	defer func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for item, n := range got {
			s.seen[item] += n
		}
	}()
	var item stormItem
	cases := []anyio.Case{anyio.OnReceive(a, &item), anyio.OnReceive(b, &item)}
	for (cases[0] != anyio.Case{}) || (cases[1] != anyio.Case{}) {
		plain, from := (cases[0] != anyio.Case{}) && rng.IntN(3) == 0, 0
		var outcome error
		canceled, err := s.attempt(ctx, slot, func(ctx context.Context) error {
			if plain {
				from = 0
				item, outcome = a.Receive(ctx)
			} else {
				from, outcome = anyio.Select(ctx, cases...)
			}
			if errors.Is(outcome, anyio.ErrEndOfStream) {
				return nil
			}
			return outcome
		})
		switch {
		case err != nil:
			return err
		case canceled:
			continue
		case outcome != nil:
			cases[from] = anyio.Case{}
			continue
		}
		if prev := last[from][item.from]; item.seq <= prev {
			s.t.Errorf("seed %d: item %d of sender %d came after %d", s.seed, item.seq, item.from, prev)
		}
		last[from][item.from] = item.seq
		got[item]++
	}
	return nil
}

func TestSelectLosesNothingOverManySeeds(t *testing.T) {
	var ops, cancels int64
	for seed := range uint64(400) {
		s := &selectStorm{t: t, seed: seed, items: 6, senders: 3}
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			s.run(ctx, int(seed%3))
			return nil
		}, anyio.On(sim.New(sim.Config{Seed: seed})))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		ops, cancels = ops+s.ops.Load(), cancels+s.cancels.Load()
	}
	if cancels == 0 {
		t.Error("nothing was ever canceled")
	}
	t.Logf("%d calls, %d of them canceled", ops, cancels)
}

func TestSelectLosesNothingUnderStress(t *testing.T) {
	total := 1_000_000
	if race.Enabled {
		total = 100_000
	}
	if testing.Short() {
		total /= 20
	}
	for _, on := range []anyio.Backend{anyio.Parallel(), anyio.EventLoop()} {
		for _, buffer := range []int{0, 4} {
			t.Run(fmt.Sprintf("%s/buffer=%d", on.Name(), buffer), func(t *testing.T) {
				s := &selectStorm{t: t, seed: 1, senders: 4, items: total / 4 / 8}
				if err := anyio.Run(context.Background(), func(ctx context.Context) error {
					s.run(ctx, buffer)
					return nil
				}, anyio.On(on)); err != nil {
					t.Error(err)
				}
				t.Logf("%d calls, %d of them canceled", s.ops.Load(), s.cancels.Load())
			})
		}
	}
}

// A Select is raced by a sender, a closing end and a cancel: exactly one wins, and
// an item that was not received is still there or was not sent.
func TestSelectAgainstCloseAndCancelOverManySeeds(t *testing.T) {
	var outcomes [4]int
	for seed := range uint64(500) {
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			sendA, recvA := stream.Memory[int](0)
			sendB, recvB := stream.Memory[int](0)
			rest := recvB.Clone()
			var index int
			var sel, sent error
			v := 0
			err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				h := tg.Go(func(ctx context.Context) error {
					index, sel = anyio.Select(ctx, anyio.OnReceive(recvA, &v), anyio.OnReceive(recvB, &v))
					recvB.Close(ctx)
					return nil
				})
				tg.Go(func(ctx context.Context) error { return recvA.Close(ctx) })
				tg.Go(func(ctx context.Context) error {
					sent = sendB.Send(ctx, 1)
					return nil
				})
				tg.Go(func(ctx context.Context) error { h.Cancel(""); return nil })
				if err := h.Wait(ctx); err != nil {
					return err
				}
				if err := anyio.WaitAllTasksBlocked(ctx); err != nil {
					return err
				}
				n := v
				if w, err := rest.TryReceive(); err == nil {
					n += w
				}
				if n != 1 {
					t.Errorf("seed %d: item was received %d times", seed, n)
				}
				return nil
			})
			switch {
			case errors.Is(sel, anyio.ErrCanceled) && index == -1 && v == 0:
				outcomes[0]++
			case errors.Is(sel, anyio.ErrClosed) && index == 0 && v == 0:
				outcomes[1]++
			case sel == nil && index == 1 && v == 1:
				outcomes[2]++
			default:
				t.Errorf("seed %d: %d, %v, received %d", seed, index, sel, v)
			}
			if sent != nil {
				t.Errorf("seed %d: send: %v", seed, sent)
			}
			rest.Close(ctx)
			sendA.Close(ctx)
			sendB.Close(ctx)
			return err
		}, anyio.On(sim.New(sim.Config{Seed: seed})))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
	if outcomes[0] == 0 || outcomes[1] == 0 || outcomes[2] == 0 {
		t.Errorf("canceled, closed, received: %v; each should happen", outcomes[:3])
	}
	t.Logf("canceled %d, closed %d, received %d", outcomes[0], outcomes[1], outcomes[2])
}

// checkpoint gives way to other tasks.
func checkpoint(ctx context.Context) error { return anyio.Sleep(ctx, 0) }
