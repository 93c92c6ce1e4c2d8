package anyiotest

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/portal"
)

// A Shared is a fixture that several tests use, such as a server that takes long to start.
// It lives in a run of its own, from the first test that asks for it to the end of the
// last that still has it.
//
//	var database = anyiotest.NewShared(startDatabase)
//
//	func TestQuery(t *testing.T) {
//		db := database.Get(t)
//		anyiotest.Run(t, func(t *testing.T, ctx context.Context) { … db.Addr … })
//	}
//
// To keep it from one test to the next, get it in the test whose subtests they are, or
// Hold it in TestMain. Its methods may be called from any goroutine. The tests use the
// value from outside of its run, so it must be made for that: what is thread-safe, as
// everything of this module is, or reached over a socket. A simulated run reaches no
// other: its tests leave the fixture alone.
type Shared[T any] struct {
	setUp func(ctx context.Context) (value T, tearDown func(ctx context.Context) error, err error)
	opts  []anyio.RunOption

	mu    sync.Mutex // guards what follows, also while it is set up and torn down
	users int
	value T
	end   func() error
}

// NewShared makes a fixture, which is set up and torn down as by Fixture, both in one task
// of a run with these options.
func NewShared[T any](setUp func(ctx context.Context) (value T, tearDown func(ctx context.Context) error, err error), opts ...anyio.RunOption) *Shared[T] {
	return &Shared[T]{setUp: setUp, opts: opts}
}

// Get returns the value, which is made if nobody has it. The test, with its subtests, has
// it until all functions given to t.Cleanup before have been called. An error of set-up
// ends the test, one of tear-down fails the last one. Call it before Run, not in it.
func (s *Shared[T]) Get(t testing.TB) T {
	t.Helper()
	release, err := s.Hold()
	if err != nil {
		t.Fatalf("set-up of a shared fixture: %v", err)
	}
	t.Cleanup(func() {
		if err := release(); err != nil {
			t.Errorf("tear-down of a shared fixture: %v", err)
		}
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.value
}

// Hold keeps the value, which is made if nobody has it, until release is called. The last
// who releases it gets the error of its tear-down, and of its run.
func (s *Shared[T]) Hold() (release func() error, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users == 0 {
		if err := s.begin(); err != nil {
			return nil, err
		}
	}
	s.users++
	return sync.OnceValue(s.release), nil
}

func (s *Shared[T]) release() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	var none T
	s.value = none
	return s.end()
}

// begin starts the run and sets the value up. The caller holds mu.
func (s *Shared[T]) begin() error {
	ctx := context.Background()
	p, err := portal.New(ctx, append([]anyio.RunOption{anyio.Debug(), anyio.MainName("shared fixture")}, s.opts...)...)
	if err != nil {
		return err
	}
	value, leave, err := portal.Open(ctx, p, s.life)
	if err != nil {
		return errors.Join(err, p.Close(ctx))
	}
	s.value = value
	s.end = func() error { return errors.Join(leave(ctx, nil), p.Close(ctx)) }
	return nil
}

// life is set-up, use and tear-down.
func (s *Shared[T]) life(ctx context.Context, use func(ctx context.Context, value T) error) (err error) {
	value, tearDown, err := s.setUp(ctx)
	if tearDown != nil {
		defer func() { err = errors.Join(err, anyio.Shielded(ctx, anyio.Forever, tearDown)) }()
	}
	if err != nil {
		return err
	}
	return use(ctx, value)
}
