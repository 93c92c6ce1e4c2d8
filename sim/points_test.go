package sim_test

import (
	"context"
	"errors"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/portal"
	"github.com/anyio-go/anyio/signals"
	"github.com/anyio-go/anyio/sim"
	"github.com/anyio-go/anyio/stream"
)

// A turns counts how often one task gets its turn again.
type turns struct {
	id atomic.Uint64 // of the task
	n  atomic.Int64
}

func (c *turns) step(s sim.Step) {
	if s.ID == c.id.Load() {
		c.n.Add(1)
	}
}

// of is how often the calling task gives way in f.
func (c *turns) of(ctx context.Context, f func() error) (int64, error) {
	info, _ := anyio.CurrentTask(ctx)
	c.id.Store(info.ID)
	before := c.n.Load()
	err := f()
	return c.n.Load() - before, err
}

// An operation is a call that need not wait and that other tasks can notice.
type operation struct {
	name string
	call func() error
}

func call(f func()) func() error { return func() error { f(); return nil } }

func closing(ctx context.Context, r anyio.Resource) func() error {
	return func() error { return r.Close(ctx) }
}

// receiving wants 1.
func receiving(f func() (int, error)) func() error {
	return func() error {
		if n, err := f(); err != nil || n != 1 {
			return errors.Join(errors.New("not the item"), err)
		}
		return nil
	}
}

// refused wants ErrWouldBlock.
func refused(f func() error) func() error {
	return func() error {
		if err := f(); !errors.Is(err, anyio.ErrWouldBlock) {
			return errors.Join(errors.New("not refused"), err)
		}
		return nil
	}
}

func operations(ctx context.Context, tg *anyio.TaskGroup, p *portal.Portal) []operation {
	var ev anyio.Event
	var future anyio.Future[int]
	var h *anyio.TaskHandle
	var pt *portal.Task[int]
	group, inner := anyio.OpenTaskGroup(ctx)
	_, scope := anyio.OpenCancelScope(group)
	later := anyio.Now(ctx).Add(time.Hour)
	ops := []operation{
		{"Event.Set", call(ev.Set)},
		{"Future.Set", func() error { return future.Set(1) }},
		{"TaskGroup.Go", call(func() { h = tg.Go(anyio.SleepForever) })},
		{"TaskHandle.Cancel", call(func() { h.Cancel("test") })},
		{"CancelScope.SetDeadline", call(func() { scope.SetDeadline(later) })},
		{"CancelScope.SetShield", call(func() { scope.SetShield(true) })},
		{"CancelScope.Cancel", call(func() { scope.Cancel("test") })},
		{"CancelScope.CancelCause", call(func() { scope.CancelCause(errFound) })},
		{"TaskGroup.SetDeadline", call(func() { inner.SetDeadline(later) })},
		{"TaskGroup.SetShield", call(func() { inner.SetShield(true) })},
		{"TaskGroup.Cancel", call(func() { inner.Cancel("test") })},
		{"TaskGroup.CancelCause", call(func() { inner.CancelCause(errFound) })},
	}
	_ = scope.End(nil)
	_ = inner.End(nil)
	ops = append(append(append(ops, locks(ctx)...), streams(ctx)...), lowLevel(ctx)...)
	return append(ops, []operation{
		{"portal.Go", func() (err error) { pt, err = portal.Go(p, forever); return err }},
		{"portal.Task.Cancel", call(func() { pt.Cancel("test") })},
		{"Portal.Stop", call(p.Stop)},
		{"Portal.Cancel", call(func() { p.Cancel("test") })},
	}...)
}

func forever(ctx context.Context) (int, error) { return 0, anyio.SleepForever(ctx) }

func locks(ctx context.Context) []operation {
	var guard anyio.ResourceGuard
	var lock anyio.Lock
	var rw anyio.RWLock
	sem, limiter := anyio.NewSemaphore(1), anyio.NewCapacityLimiter(1)
	c := anyio.NewCondition(&lock)
	var ev anyio.Event
	ev.Set()
	return []operation{
		{"ResourceGuard.Acquire", guard.Acquire},
		{"ResourceGuard.Acquire, busy", func() error {
			if _, busy := errors.AsType[*anyio.BusyError](guard.Acquire()); !busy {
				return errors.New("not busy")
			}
			return nil
		}},
		{"ResourceGuard.Release", call(guard.Release)},
		{"Lock.Acquire", func() error { return lock.Acquire(ctx) }},
		{"Lock.TryAcquire, held", func() error {
			if _, misuse := errors.AsType[*anyio.MisuseError](lock.TryAcquire()); !misuse {
				return errors.New("no misuse")
			}
			return nil
		}},
		{"Condition.Notify", call(func() { c.Notify(1) })},
		{"Condition.NotifyAll", call(c.NotifyAll)},
		{"Lock.Release", call(lock.Release)},
		{"Lock.TryAcquire", lock.TryAcquire},
		{"Lock.Release", call(lock.Release)},
		{"Lock.Reset", call(lock.Reset)},
		{"RWLock.Acquire", func() error { return rw.Acquire(ctx) }},
		{"RWLock.Release", call(rw.Release)},
		{"RWLock.AcquireRead", func() error { return rw.AcquireRead(ctx) }},
		{"RWLock.ReleaseRead", call(rw.ReleaseRead)},
		{"RWLock.TryAcquire", rw.TryAcquire},
		{"RWLock.Release", call(rw.Release)},
		{"RWLock.TryAcquireRead", rw.TryAcquireRead},
		{"RWLock.ReleaseRead", call(rw.ReleaseRead)},
		{"RWLock.Reset", call(rw.Reset)},
		{"Semaphore.Acquire", func() error { return sem.Acquire(ctx) }},
		{"Semaphore.TryAcquire, none free", refused(sem.TryAcquire)},
		{"Semaphore.Release", call(sem.Release)},
		{"Semaphore.TryAcquire", sem.TryAcquire},
		{"CapacityLimiter.Acquire", func() error { return limiter.Acquire(ctx) }},
		{"CapacityLimiter.TryAcquireOnBehalfOf, none free", refused(func() error { return limiter.TryAcquireOnBehalfOf("b") })},
		{"CapacityLimiter.Release", call(limiter.Release)},
		{"CapacityLimiter.TryAcquire", limiter.TryAcquire},
		{"CapacityLimiter.SetTotalTokens", call(func() { limiter.SetTotalTokens(3) })},
		{"CapacityLimiter.AcquireOnBehalfOf", func() error { return limiter.AcquireOnBehalfOf(ctx, "a") }},
		{"CapacityLimiter.TryAcquireOnBehalfOf", func() error { return limiter.TryAcquireOnBehalfOf("b") }},
		{"CapacityLimiter.ReleaseOnBehalfOf", call(func() { limiter.ReleaseOnBehalfOf("a") })},
		{"CapacityLimiter.Release", call(limiter.Release)},
		{"CapacityLimiter.Reset", call(limiter.Reset)},
		{"Select", func() error { _, err := anyio.Select(ctx, anyio.OnEvent(&ev)); return err }},
		{"TrySelect", func() error { _, _, err := anyio.TrySelect(anyio.OnEvent(&ev)); return err }},
	}
}

func streams(ctx context.Context) []operation {
	send, recv := stream.Memory[int](1)
	send2, recv2 := send, recv
	cast := stream.Broadcast[int](stream.BroadcastConfig{})
	var sub *stream.BroadcastReceiveStream[int]
	a, b := stream.Pipe(10)
	ch := make(chan int, 1)
	from, to := stream.FromChan(ch), stream.ToChan(ch)
	buf := make([]byte, 10)
	return []operation{
		{"MemorySendStream.Send", func() error { return send.Send(ctx, 1) }},
		{"MemorySendStream.TrySend, full", refused(func() error { return send.TrySend(1) })},
		{"MemoryReceiveStream.Receive", receiving(func() (int, error) { return recv.Receive(ctx) })},
		{"MemorySendStream.TrySend", func() error { return send.TrySend(1) }},
		{"MemoryReceiveStream.TryReceive", receiving(recv.TryReceive)},
		{"MemoryReceiveStream.TryReceive, empty", refused(func() error { _, err := recv.TryReceive(); return err })},
		{"MemorySendStream.Clone", call(func() { send2 = send.Clone() })},
		{"MemoryReceiveStream.Clone", call(func() { recv2 = recv.Clone() })},
		{"MemorySendStream.Close", closing(ctx, send)},
		{"MemorySendStream.Close, the last", func() error { return send2.Close(ctx) }},
		{"MemoryReceiveStream.Close", closing(ctx, recv)},
		{"MemoryReceiveStream.Close, the last", func() error { return recv2.Close(ctx) }},
		{"BroadcastSendStream.Subscribe", call(func() { sub = cast.Subscribe() })},
		{"BroadcastSendStream.Send", func() error { return cast.Send(ctx, 1) }},
		{"BroadcastSendStream.TrySend, full", refused(func() error { return cast.TrySend(1) })},
		{"BroadcastReceiveStream.Receive", receiving(func() (int, error) { return sub.Receive(ctx) })},
		{"BroadcastSendStream.TrySend", func() error { return cast.TrySend(1) }},
		{"BroadcastReceiveStream.TryReceive", receiving(func() (int, error) { return sub.TryReceive() })},
		{"BroadcastReceiveStream.Close", func() error { return sub.Close(ctx) }},
		{"BroadcastSendStream.Close", closing(ctx, cast)},
		{"Pipe, Send", func() error { return a.Send(ctx, buf[:1]) }},
		{"Pipe, Receive", receiving(func() (int, error) { return b.Receive(ctx, buf) })},
		{"Pipe, SendEOF", func() error { return a.SendEOF(ctx) }},
		{"Pipe, Close", closing(ctx, a)},
		{"Pipe, Close of the other end", closing(ctx, b)},
		{"ChanSendStream.TrySend", func() error { return to.TrySend(1) }},
		{"ChanReceiveStream.TryReceive", receiving(from.TryReceive)},
		{"ChanReceiveStream.Close", closing(ctx, from)},
		{"ChanSendStream.Close", closing(ctx, to)},
	}
}

func lowLevel(ctx context.Context) []operation {
	lot := lowlevel.NewParkingLot("test", nil)
	v := lowlevel.NewRunVar[int]("test")
	var token *lowlevel.RunVarToken[int]
	receiver, _ := signals.Open(ctx, os.Interrupt)
	return []operation{
		{"ParkingLot.Unpark", call(func() { lot.Unpark(1) })},
		{"ParkingLot.UnparkAll", call(func() { lot.UnparkAll() })},
		{"RunVar.GetOrSet", receiving(func() (int, error) { return v.GetOrSet(ctx, func() int { return 1 }), nil })},
		{"RunVar.Set", call(func() { token = v.Set(ctx, 2) })},
		{"RunVar.Reset", func() error { return v.Reset(token) }},
		{"Raise", func() error { return sim.Raise(ctx, os.Interrupt) }},
		{"signals.Receiver.Close", func() error { return receiver.Close(ctx) }},
	}
}

// In the model of goroutines others may run before and after each operation that they
// can notice.
func TestOperationsGiveWayBeforeAndAfter(t *testing.T) {
	for seed := range uint64(3) {
		var c turns
		check := func(name string, n int64, err error) {
			if n != 2 || err != nil {
				t.Errorf("seed %d: %s gives way %d times, want 2; error %v", seed, name, n, err)
			}
		}
		err := anyio.Run(context.Background(), func(ctx context.Context) error {
			return anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
				tg.Go(func(ctx context.Context) error { // there is always another one to run
					for {
						if err := anyio.Sleep(ctx, 0); err != nil {
							return err
						}
					}
				})
				err := portal.With(ctx, func(ctx context.Context, p *portal.Portal) error {
					for _, op := range operations(ctx, tg, p) {
						n, err := c.of(ctx, op.call)
						check(op.name, n, err)
					}
					return nil
				})
				_, startErr := anyio.Start(ctx, tg, func(ctx context.Context, started func(int)) error {
					n, err := c.of(ctx, call(func() { started(1) }))
					check("started", n, err)
					return nil
				})
				tg.Cancel("done")
				return errors.Join(err, startErr)
			})
		}, anyio.On(sim.New(sim.Config{Seed: seed, Model: sim.Goroutines, OnStep: c.step})))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}
