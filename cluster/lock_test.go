package cluster_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyiotest"
	"github.com/anyio-go/anyio/cluster"
)

// lockOf returns the lock of a name as a member has it.
func lockOf(t *testing.T, c *cluster.Conn, lease time.Duration) *cluster.Lock {
	t.Helper()
	l, err := cluster.NewLock(c, "the lock: ä", cluster.LockOptions{Lease: lease})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// longLease is one that does not end on a busy machine; shortLease is waited for.
const (
	longLease  = time.Minute
	shortLease = time.Second
)

// TestLock: members and tasks exclude each other, and tokens increase.
func TestLock(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
		var inside atomic.Int32
		var mu sync.Mutex
		var tokens []uint64
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, l := range []*cluster.Lock{lockOf(t, c, longLease), lockOf(t, c, longLease), lockOf(t, d, longLease)} {
				for range 3 {
					tg.Go(func(ctx context.Context) error {
						return l.Do(ctx, func(ctx context.Context, token uint64) error {
							if inside.Add(1) != 1 {
								t.Error("two hold the lock")
							}
							mu.Lock()
							tokens = append(tokens, token)
							mu.Unlock()
							err := anyio.Sleep(ctx, time.Millisecond)
							inside.Add(-1)
							return err
						})
					})
				}
			}
			return nil
		})
		if err != nil || len(tokens) != 9 {
			t.Fatal(tokens, err)
		}
		for i := 1; i < len(tokens); i++ {
			if tokens[i] <= tokens[i-1] {
				t.Errorf("tokens %d", tokens)
			}
		}
		free(t, ctx, c)
	})
}

// free wants that nobody holds the lock, or waits for it.
func free(t *testing.T, ctx context.Context, c *cluster.Conn) {
	t.Helper()
	if r := cluster.Leases(ctx, c); strings.Count(r, `"ID"`) != 0 {
		t.Errorf("the store has %s", r)
	}
}

func TestSemaphoreNeverGrantsMore(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
		var inside, most atomic.Int32
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, c := range []*cluster.Conn{c, d, c, d} {
				s, err := cluster.NewSemaphore(c, "s", 3, cluster.LockOptions{Lease: longLease})
				if err != nil {
					return err
				}
				for range 4 {
					tg.Go(func(ctx context.Context) error {
						return s.Do(ctx, func(ctx context.Context, _ uint64) error {
							n := inside.Add(1)
							for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
							}
							err := anyio.Sleep(ctx, time.Millisecond)
							inside.Add(-1)
							return err
						})
					})
				}
			}
			return nil
		})
		if err != nil || most.Load() > 3 {
			t.Error(most.Load(), err)
		}
		other, err := cluster.NewSemaphore(d, "s", 4, cluster.LockOptions{})
		if err != nil {
			t.Fatal(err)
		}
		s, err := cluster.NewSemaphore(c, "s", 3, cluster.LockOptions{})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Do(ctx, func(ctx context.Context, _ uint64) error {
			if _, err := other.Acquire(ctx); err == nil || !strings.Contains(err.Error(), "with 4 slots: others hold it with 3") {
				t.Error(err)
			}
			return nil
		})
		if err = errors.Join(err, other.Do(ctx, func(context.Context, uint64) error { return nil })); err != nil {
			t.Error(err) // nobody holds it any more
		}
	})
}

// TestLockOfLostMember: a member that is cut off loses the lock, and knows it before
// another one has it.
func TestLockOfLostMember(t *testing.T) {
	t.Parallel()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, d, nc := two(t, ctx, cluster.Config{})
		held, wanted := lockOf(t, d, shortLease), lockOf(t, c, longLease)
		first, err := held.Acquire(ctx)
		if err != nil {
			t.Fatal(err)
		}
		nc.Close()
		second, err := wanted.Acquire(ctx)
		if err != nil || second <= first {
			t.Error(first, second, err)
		}
		if err := held.Release(ctx); !errors.Is(err, cluster.ErrLeaseLost) {
			t.Error(err)
		}
		if err := wanted.Release(ctx); err != nil {
			t.Error(err)
		}
		free(t, ctx, c)
	}, noSim)
}

// TestLockDoesNotExpireWhileItIsRenewed waits for longer than the lease.
func TestLockDoesNotExpireWhileItIsRenewed(t *testing.T) {
	t.Parallel()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		c, d, _ := two(t, ctx, cluster.Config{})
		err := lockOf(t, c, 6*shortLease).Do(ctx, func(ctx context.Context, _ uint64) error {
			canceled, err := anyio.MoveOnAfter(ctx, 7*shortLease, func(ctx context.Context) error {
				_, err := lockOf(t, d, longLease).Acquire(ctx)
				return err
			})
			if !canceled {
				t.Error("two hold the lock")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
		free(t, ctx, c)
	}, anyiotest.Only("parallel"))
}

// TestLockDoWithoutServer: without the store f is canceled when the lease ends, and told.
func TestLockDoWithoutServer(t *testing.T) {
	t.Parallel()
	anyiotest.Run(t, func(t *testing.T, ctx context.Context) {
		s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, JetStream: true, StoreDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Shutdown()
		s.Start()
		if !s.ReadyForConnections(time.Minute) {
			t.Fatal("no server")
		}
		c, err := cluster.Open(ctx, cluster.Config{URL: s.ClientURL()})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(ctx)
		err = lockOf(t, c, shortLease).Do(ctx, func(ctx context.Context, _ uint64) error {
			if err := anyio.RunBlocking(ctx, func() error { s.Shutdown(); s.WaitForShutdown(); return nil }); err != nil {
				return err
			}
			err := anyio.SleepForever(ctx)
			if !strings.Contains(err.Error(), "could not be renewed for 1s") {
				t.Errorf("canceled by %v", err)
			}
			return err
		})
		if !errors.Is(err, cluster.ErrLeaseLost) {
			t.Error(err)
		}
		e, err := cluster.NewEvent(c, "e")
		if err != nil {
			t.Fatal(err)
		}
		if err := e.Wait(ctx); err == nil || anyio.IsCancellation(err) {
			t.Errorf("without a server: %v", err)
		}
	}, noSim)
}

// TestLockCanceled: a wait that is canceled leaves nothing in the store.
func TestLockCanceled(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
		held, wanted := lockOf(t, c, longLease), lockOf(t, d, longLease)
		if _, err := held.Acquire(ctx); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			canceled, err := anyio.MoveOnAfter(ctx, 30*time.Millisecond, func(ctx context.Context) error {
				_, err := wanted.Acquire(ctx)
				return err
			})
			if !canceled || err != nil {
				t.Error(canceled, err)
			}
		}
		if r := cluster.Leases(ctx, c); strings.Count(r, `"ID"`) != 1 {
			t.Errorf("the store has %s", r)
		}
		if err := held.Release(ctx); err != nil {
			t.Error(err)
		}
		if _, err := wanted.Acquire(ctx); err != nil {
			t.Error(err)
		}
		if err := wanted.Release(ctx); err != nil {
			t.Error(err)
		}
		if err := wanted.Release(ctx); err == nil || !strings.Contains(err.Error(), "is not held") {
			t.Error(err)
		}
	})
}

func TestEvent(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, d *cluster.Conn) {
		events := []*cluster.Event{}
		for _, c := range []*cluster.Conn{c, d, d} {
			e, err := cluster.NewEvent(c, "it is done")
			if err != nil {
				t.Fatal(err)
			}
			events = append(events, e)
		}
		err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
			for _, e := range events {
				tg.Go(e.Wait)
				tg.Go(e.Wait)
			}
			if set, err := events[0].IsSet(ctx); set || err != nil {
				t.Error(set, err)
			}
			return errors.Join(events[2].Set(ctx), events[1].Set(ctx))
		})
		if err != nil {
			t.Error(err)
		}
		if err := events[0].Wait(ctx); err != nil {
			t.Error(err)
		}
	})
}

func TestLockMisuse(t *testing.T) {
	eachTwo(t, func(t *testing.T, ctx context.Context, c, _ *cluster.Conn) {
		_, name := cluster.NewLock(c, "", cluster.LockOptions{})
		_, lease := cluster.NewLock(c, "l", cluster.LockOptions{Lease: time.Millisecond})
		_, size := cluster.NewSemaphore(c, "s", 0, cluster.LockOptions{})
		_, event := cluster.NewEvent(c, "")
		for text, err := range map[string]error{"Semaphore without a name": name, "100ms at least": lease, "0 slots": size, "Event without a name": event} {
			if _, ok := errors.AsType[*anyio.MisuseError](err); !ok || !strings.Contains(err.Error(), text) {
				t.Errorf("want: %s\ngot:  %v", text, err)
			}
		}
	})
}
