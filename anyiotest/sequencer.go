package anyiotest

import (
	"context"
	"fmt"
	"sync"

	"github.com/anyio-go/anyio/internal/kernel"
)

// A Sequencer puts steps of several tasks into one fixed order, on any backend:
// step n begins when all steps before it are done. Steps are numbered from 0 and
// each is taken once. The zero value is ready.
//
//	var seq anyiotest.Sequencer
//	tg.Go(func(ctx context.Context) error {
//		if err := seq.Step(ctx, 0); err != nil { return err }
//		…
//		return seq.Do(ctx, 2, func(ctx context.Context) error { … })
//	})
//	tg.Go(func(ctx context.Context) error { return seq.Step(ctx, 1) })
//
// A task that is canceled while it waits breaks the sequence: the others, now and
// later, get a *SequenceError instead of waiting forever.
type Sequencer struct {
	mu     sync.Mutex
	steps  map[int]*sequenceStep // guarded by mu
	next   int                   // the first step that is not done; guarded by mu
	broken *SequenceError        // set once; guarded by mu
}

// A sequenceStep is one that was taken and is not done.
type sequenceStep struct {
	ready kernel.Latch // all before it are done, or the sequence is broken
}

var opSequencer = kernel.RegisterOp("Sequencer.Do")

// A SequenceError tells that a Sequencer was used wrongly or is broken.
type SequenceError struct {
	Step int // which cannot be taken
	Text string
	// Err is the cancellation that broke the sequence, nil for misuse. It is not
	// unwrapped: it is another task's, and must not pass for the caller's own.
	Err error
}

func (e *SequenceError) Error() string {
	return fmt.Sprintf("anyiotest: sequencer: step %d: %s", e.Step, e.Text)
}

// Step waits until the steps 0 to n-1 are done; on return n is done, too. Use Do
// for a step that lasts.
//
// A negative n, or one that was taken before, is a *SequenceError, as is a broken
// sequence. Cancellation: the sequence breaks.
func (s *Sequencer) Step(ctx context.Context, n int) error {
	return s.Do(ctx, n, func(context.Context) error { return nil })
}

// Do waits until the steps 0 to n-1 are done and runs body as step n, which is
// done when body ends, however it does. It returns body's error, or those of Step.
// Cancellation: while waiting, the sequence breaks; in body, that is up to body.
func (s *Sequencer) Do(ctx context.Context, n int, body func(ctx context.Context) error) error {
	st, err := s.take(n)
	if err != nil {
		return err
	}
	if err := st.ready.Wait(ctx, opSequencer); err != nil {
		s.fail(n, err)
		return err
	}
	s.mu.Lock()
	broken := s.broken
	s.mu.Unlock()
	if broken != nil {
		return broken.at(n)
	}
	defer s.finish()
	return body(ctx)
}

func (s *Sequencer) take(n int) (*sequenceStep, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n < 0 {
		return nil, &SequenceError{Step: n, Text: "steps are numbered from 0"}
	}
	if s.broken != nil {
		return nil, s.broken.at(n)
	}
	if n < s.next || s.steps[n] != nil {
		return nil, &SequenceError{Step: n, Text: "it was taken before; each step is taken once"}
	}
	if s.steps == nil {
		s.steps = make(map[int]*sequenceStep)
	}
	st := &sequenceStep{}
	s.steps[n] = st
	if n == s.next {
		st.ready.Open()
	}
	return st, nil
}

// finish lets the next step begin. Only the step at s.next can finish.
func (s *Sequencer) finish() {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.steps, s.next)
	s.next++
	if following := s.steps[s.next]; following != nil {
		following.ready.Open()
	}
}

// fail breaks the sequence because step n gave up.
func (s *Sequencer) fail(n int, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken != nil {
		return
	}
	s.broken = &SequenceError{Step: n, Err: err}
	for _, st := range s.steps {
		st.ready.Open()
	}
}

// at is the error for step n of a sequence that another step has broken.
func (e *SequenceError) at(n int) error {
	text := fmt.Sprintf("the sequence is broken: step %d was canceled while it waited for its turn (%v)", e.Step, e.Err)
	return &SequenceError{Step: n, Text: text, Err: e.Err}
}
