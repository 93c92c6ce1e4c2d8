// Package heldlock has locks that are still held at a return.
package heldlock

import (
	"context"
	"errors"
	"time"

	"github.com/anyio-go/anyio"
)

var errFull = errors.New("full")

type store struct {
	mu    anyio.Lock
	files anyio.RWLock
	slots *anyio.Semaphore
	items []int
}

func (s *store) add(ctx context.Context, n int) error {
	if err := s.mu.Acquire(ctx); err != nil { // want `heldlock: s.mu is still held at the return in line 26: use Do, or defer Release`
		return err
	}
	if len(s.items) > 10 {
		return errFull
	}
	s.items = append(s.items, n)
	s.mu.Release()
	return nil
}

func (s *store) read(ctx context.Context) error {
	err := s.files.AcquireRead(ctx) // want `heldlock: s.files is still held at the return in line 39: use Do, or defer ReleaseRead`
	if err != nil {
		return err
	}
	if err := anyio.Sleep(ctx, time.Second); err != nil {
		return err
	}
	s.files.ReleaseRead()
	return nil
}

func (s *store) try() error {
	if s.mu.TryAcquire() != nil { // want `heldlock: s.mu is still held at the return in line 52`
		return errFull
	}
	for _, n := range s.items {
		switch n {
		case 3:
			return errFull
		}
	}
	s.mu.Release()
	return nil
}

func token(ctx context.Context, l *anyio.CapacityLimiter, n int) error {
	if err := l.Acquire(ctx); err != nil { // want `heldlock: l is still held at the return in line 64`
		return err
	}
	if n > 3 {
		return errFull
	}
	l.Release()
	return nil
}

func inLoop(ctx context.Context, s *store) error {
	for _, n := range s.items {
		if err := s.mu.Acquire(ctx); err != nil { // want `heldlock: s.mu is still held at the return in line 76`
			return err
		}
		if n > 3 {
			return errFull
		}
		s.mu.Release()
	}
	return nil
}

func inIf(ctx context.Context, s *store, n int) error {
	if n > 0 {
		if err := s.mu.Acquire(ctx); err != nil { // want `heldlock: s.mu is still held at the return in line 89`
			return err
		}
		if n > 3 {
			return errFull
		}
		s.mu.Release()
	}
	return nil
}

func panics(ctx context.Context, s *store, n int) error {
	if err := s.mu.Acquire(ctx); err != nil { // want `heldlock: s.mu is still held at the return in line 104`
		return err
	}
	if n > 3 {
		s.mu.Release()
		panic("too many")
	}
	return nil
}

func swapped(s *store, n int) error {
	if nil != s.mu.TryAcquire() { // want `heldlock: s.mu is still held at the return in line 112`
		return errFull
	}
	if n > 3 {
		return nil
	}
	s.mu.Release()
	return nil
}

// inCase has it released by others if the number is not one.
func inCase(ctx context.Context, s *store, n int) error {
	if err := s.mu.Acquire(ctx); err != nil {
		return err
	}
	switch n {
	case 1:
		s.mu.Release()
	default:
		s.items = nil
	}
	return nil
}

func deferred(ctx context.Context, s *store) error {
	if err := s.mu.Acquire(ctx); err != nil {
		return err
	}
	defer s.mu.Release()
	if len(s.items) > 10 {
		return errFull
	}
	return nil
}

func everyWay(ctx context.Context, s *store) error {
	if err := s.mu.Acquire(ctx); err != nil {
		return err
	}
	if len(s.items) > 10 {
		s.mu.Release()
		return errFull
	}
	err := anyio.Sleep(ctx, time.Second)
	s.mu.Release()
	return err
}

// lock is meant to return with it.
func (s *store) lock(ctx context.Context) error {
	if err := s.mu.Acquire(ctx); err != nil {
		return err
	}
	s.items = s.items[:0]
	return nil
}

func handedOver(ctx context.Context, s *store, tg *anyio.TaskGroup) error {
	if err := s.slots.Acquire(ctx); err != nil {
		return err
	}
	tg.Go(func(ctx context.Context) error {
		defer s.slots.Release()
		return anyio.Sleep(ctx, time.Second)
	})
	return nil
}

func sometimes(ctx context.Context, s *store, locked bool) error {
	if !locked {
		if err := s.mu.Acquire(ctx); err != nil {
			return err
		}
	}
	s.items = nil
	if !locked {
		s.mu.Release()
	}
	return nil
}

// ofAnother releases the lock of another store.
func ofAnother(ctx context.Context, s, other *store) error {
	if err := s.mu.Acquire(ctx); err != nil { // want `heldlock: s.mu is still held at the return in line 197`
		return err
	}
	if len(s.items) > 10 {
		other.mu.Release()
		s.files.Release()
		return errFull
	}
	s.mu.Release()
	return nil
}

func loop(ctx context.Context, s *store) error {
	for range 3 {
		if err := s.mu.Acquire(ctx); err != nil {
			return err
		}
		s.items = nil
		s.mu.Release()
	}
	if s.mu.TryAcquire() == nil {
		s.items = nil
		s.mu.Release()
	}
	return nil
}
