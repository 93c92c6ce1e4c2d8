// Package mutexwait has mutexes that are locked while a task waits.
package mutexwait

import (
	"context"
	"sync"
	"time"

	"example.com/testdata/mutexwait/state"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/anyioutils"
	"github.com/anyio-go/anyio/lowlevel"
	"github.com/anyio-go/anyio/stream"
)

type store struct {
	mu    sync.Mutex
	files sync.RWMutex
	out   stream.ObjectSendStream[int]
	lock  anyio.Lock
	items []int
}

func (s *store) deferred(ctx context.Context, n int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = append(s.items, n)
	return s.out.Send(ctx, n) // want `mutexwait: s.out.Send waits while s.mu is locked, in line 26`
}

func (s *store) between(ctx context.Context) error {
	s.files.RLock()
	if len(s.items) > 3 {
		s.files.RUnlock()
		return nil
	}
	err := anyio.Sleep(ctx, time.Second) // want `mutexwait: anyio.Sleep waits while s.files is locked, in line 33`
	s.files.RUnlock()
	return err
}

func (s *store) inScope(ctx context.Context) error {
	s.files.Lock()
	defer func() { s.files.Unlock() }()
	return anyio.FailAfter(ctx, time.Second, func(ctx context.Context) error {
		return s.lock.Acquire(ctx) // want `mutexwait: s.lock.Acquire waits while s.files is locked`
	})
}

func (s *store) loop(ctx context.Context) error {
	for _, n := range s.items {
		s.mu.Lock()
		if n > 0 {
			if err := lowlevel.Checkpoint(ctx); err != nil { // want `mutexwait: lowlevel.Checkpoint waits while s.mu is locked`
				s.mu.Unlock()
				return err
			}
		}
		s.mu.Unlock()
	}
	return nil
}

func (s *store) byAddress(ctx context.Context) error {
	(&s.mu).Lock()
	err := anyio.Sleep(ctx, time.Second) // want `mutexwait: anyio.Sleep waits while .&s.mu. is locked`
	(*s).mu.Unlock()
	return err
}

func (s *store) twoLocked(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.files.Lock()
	defer s.files.Unlock()
	return anyio.Sleep(ctx, time.Second) // want `mutexwait: anyio.Sleep waits while s.mu is locked`
}

func ofAnotherPackage(ctx context.Context) error {
	state.Mu.Lock()
	defer state.Mu.Unlock()
	return anyio.Sleep(ctx, time.Second) // want `mutexwait: anyio.Sleep waits while state.Mu is locked`
}

type embedded struct {
	sync.Mutex
	done anyio.Event
}

func (e *embedded) wait(ctx context.Context) error {
	e.Lock()
	defer e.Unlock()
	return e.done.Wait(ctx) // want `mutexwait: e.done.Wait waits while e is locked`
}

// before unlocks first.
func (s *store) before(ctx context.Context, n int) error {
	s.mu.Lock()
	s.items = append(s.items, n)
	s.mu.Unlock()
	if err := s.out.Send(ctx, n); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.items = nil
	return nil
}

// noWait calls what does not wait, or does it elsewhere.
func (s *store) noWait(ctx context.Context, tg *anyio.TaskGroup) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	defer s.out.Close(ctx)
	tg.Go(func(ctx context.Context) error { return anyio.Sleep(ctx, time.Second) })
	_, _ = anyioutils.CreateTask(ctx, func(ctx context.Context) (int, error) { return 1, anyio.Sleep(ctx, time.Second) })
	if err := lowlevel.CheckpointIfCanceled(ctx); err != nil {
		return err
	}
	return anyio.FailAfter(ctx, time.Second, func(context.Context) error {
		s.items = nil
		return s.lock.TryAcquire()
	})
}

// elsewhere is unlocked by others.
func (s *store) elsewhere(ctx context.Context) error {
	s.mu.Lock()
	unlock := sync.OnceFunc(s.mu.Unlock)
	defer unlock()
	return anyio.Sleep(ctx, time.Second)
}

func (s *store) perhapsElsewhere(ctx context.Context, now bool) error {
	s.mu.Lock()
	leave := s.mu.Unlock
	if now {
		s.mu.Unlock()
		return nil
	}
	leave()
	return anyio.Sleep(ctx, time.Second)
}

func (s *store) byAnother(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.unlock()
	defer s.mu.Lock()
	return anyio.Sleep(ctx, time.Second)
}

func (s *store) unlock() { s.mu.Unlock() }

func (s *store) sometimes(ctx context.Context, locked bool) error {
	s.mu.Lock()
	if locked {
		s.mu.Unlock()
	}
	err := anyio.Sleep(ctx, time.Second)
	if !locked {
		s.mu.Unlock()
	}
	return err
}

// outside is perhaps in no task.
func (s *store) outside() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return anyio.Sleep(context.Background(), time.Second)
}

// other unlocks another one; returns with its own.
func (s *store) other(ctx context.Context, o *store) error {
	s.mu.Lock()
	o.mu.Unlock()
	return anyio.Sleep(ctx, time.Second)
}

// once has whole runs one after the other, and is no task.
func (s *store) once(main func(ctx context.Context) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return anyio.Run(context.Background(), main)
}

func (s *store) scoped(ctx context.Context) error {
	s.mu.Lock()
	return anyio.WithCancelScope(ctx, func(ctx context.Context, _ *anyio.CancelScope) error {
		s.mu.Unlock()
		return anyio.Sleep(ctx, time.Second)
	})
}
