package anyiotest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/anyio-go/anyio"
	"github.com/anyio-go/anyio/internal/kernel"
	"github.com/anyio-go/anyio/stream"
)

// A MakeObjectPair makes the two ends of a new object stream. buffered is how many
// items Send takes without waiting while nobody receives: 0 if it waits for the
// receiver, negative if that is not known, as with a network between.
type MakeObjectPair func(ctx context.Context) (send stream.ObjectSendStream[int], recv stream.ObjectReceiveStream[int], buffered int, err error)

// TestObjectStream checks on every backend that an object stream keeps the rules of
// its kind: order, end of stream, what is closed and what is broken, waiting, and
// that no cancellation loses an item. Each rule is a subtest, and a failure begins
// with the rule as a sentence.
//
// Rules for Clone, TrySend, TryReceive and SendEOF are checked if the ends have
// these methods; Clone returns the same kind of end.
func TestObjectStream(t *testing.T, makePair MakeObjectPair, opts ...Option) {
	t.Helper()
	for _, rule := range objectRules {
		t.Run(rule.name, func(t *testing.T) {
			Run(t, func(t *testing.T, ctx context.Context) { rule.apply(t, ctx, makePair) }, opts...)
		})
	}
	t.Run("cancel everywhere", func(t *testing.T) { cancelObjectStream(t, makePair, opts) })
}

// An objectRule is one thing that must hold for an object stream.
type objectRule struct {
	name  string
	want  string                           // the rule as a sentence
	needs func(p *objectPair) (why string) // not to be met: why the rule does not apply; nil: always applies
	check func(p *objectPair, ctx context.Context)
}

// ruleTimeout ends a rule that hangs on a backend that cannot notice it.
const ruleTimeout = 20 * time.Second

func (rule objectRule) apply(t testing.TB, ctx context.Context, makePair MakeObjectPair) {
	t.Helper()
	p := &objectPair{TB: t, rule: rule}
	var err error
	if p.send, p.recv, p.buffered, err = makePair(ctx); err != nil {
		t.Fatalf("making a pair: %v", err)
	}
	defer p.close()
	if rule.needs != nil {
		if why := rule.needs(p); why != "" {
			t.Skip(why)
		}
	}
	err = anyio.FailAfter(ctx, ruleTimeout, func(ctx context.Context) error {
		rule.check(p, ctx)
		return nil
	})
	if err != nil {
		p.fail("%v", err)
	}
}

// An objectPair is a stream under test.
type objectPair struct {
	testing.TB
	rule     objectRule
	send     stream.ObjectSendStream[int]
	recv     stream.ObjectReceiveStream[int]
	buffered int
}

func (p *objectPair) close() {
	if err := errors.Join(p.send.Close(context.Background()), p.recv.Close(context.Background())); err != nil {
		p.fail("closing at the end: %v", err)
	}
}

// fail says which rule is broken, and how.
func (p *objectPair) fail(format string, args ...any) {
	p.Helper()
	p.Errorf("want: %s\ngot:  %s", p.rule.want, fmt.Sprintf(format, args...))
}

func (p *objectPair) wantErr(call string, err, want error) {
	p.Helper()
	if !errors.Is(err, want) {
		p.fail("%s: error %v, want %v", call, err, want)
	}
}

// deliver sends items in one task and receives them in another.
func (p *objectPair) deliver(ctx context.Context, items ...int) {
	p.Helper()
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		tg.Go(func(ctx context.Context) error {
			for _, item := range items {
				if err := p.send.Send(ctx, item); err != nil {
					return err
				}
			}
			return nil
		}, anyio.Name("sender"))
		for _, want := range items {
			got, err := p.recv.Receive(ctx)
			if err != nil || got != want {
				p.fail("received %d, %v, want %d", got, err, want)
				tg.Cancel("the rule is broken")
				return
			}
		}
	})
}

func (p *objectPair) group(ctx context.Context, body func(ctx context.Context, tg *anyio.TaskGroup)) {
	p.Helper()
	err := anyio.WithTaskGroup(ctx, func(ctx context.Context, tg *anyio.TaskGroup) error {
		body(ctx, tg)
		return nil
	})
	if err != nil {
		p.fail("%v", err)
	}
}

// waiting starts call in a task, calls meanwhile when the task waits, and returns
// the error of call.
func (p *objectPair) waiting(ctx context.Context, call func(ctx context.Context) error, meanwhile func(h *anyio.TaskHandle)) (result error) {
	p.Helper()
	p.group(ctx, func(ctx context.Context, tg *anyio.TaskGroup) {
		h := tg.Go(func(ctx context.Context) error { result = call(ctx); return nil }, anyio.Name("waiting"))
		p.idle(ctx)
		if h.Status() != anyio.Pending {
			p.fail("a call that should wait has returned")
		}
		meanwhile(h)
	})
	return result
}

// idle waits until every other task waits for something.
func (p *objectPair) idle(ctx context.Context) {
	place := kernel.Locate(ctx)
	if err := place.Run().WaitAllBlocked(place); err != nil {
		p.fail("%v", err)
	}
}

// fill sends until Send would wait; it needs a known buffer.
func (p *objectPair) fill(ctx context.Context) {
	p.Helper()
	for i := range p.buffered {
		if err := p.send.Send(ctx, i); err != nil {
			p.fail("Send of item %d of %d that fit: %v", i, p.buffered, err)
		}
	}
}

// canceled runs call in a scope that was canceled before, and wants it to say so.
func (p *objectPair) canceled(ctx context.Context, name string, call func(ctx context.Context) error) {
	p.Helper()
	err := anyio.WithCancelScope(ctx, func(ctx context.Context, s *anyio.CancelScope) error {
		s.Cancel("before the call")
		err := call(ctx)
		p.wantErr(name+" in a canceled scope", err, anyio.ErrCanceled)
		return nil
	})
	if err != nil {
		p.fail("%v", err)
	}
}

// --- what only some streams have ---

type trySender interface{ TrySend(item int) error }
type tryReceiver interface{ TryReceive() (int, error) }
type eofSender interface {
	SendEOF(ctx context.Context) error
}

// cloneOf calls the method Clone, whose result type differs from stream to stream.
func cloneOf[E any](end E) (clone E, ok bool) {
	m := reflect.ValueOf(end).MethodByName("Clone")
	if !m.IsValid() || m.Type().NumIn() != 0 || m.Type().NumOut() != 1 {
		return clone, false
	}
	clone, ok = m.Call(nil)[0].Interface().(E)
	return clone, ok
}

// maxFill is the largest buffer that the rules fill.
const maxFill = 10_000

func needBuffer(p *objectPair) string {
	if p.buffered < 0 || p.buffered > maxFill {
		return "Send of this stream has no known limit at which it waits"
	}
	return ""
}

func needRoom(p *objectPair) string {
	if p.buffered < 1 {
		return "Send of this stream waits for the receiver, or may do so"
	}
	return ""
}

func needTry(p *objectPair) string {
	_, ok1 := p.send.(trySender)
	_, ok2 := p.recv.(tryReceiver)
	if !ok1 || !ok2 || p.buffered < 0 {
		return "this stream has no TrySend and TryReceive, or no known buffer"
	}
	return ""
}

func needEOF(p *objectPair) string {
	if _, ok := p.send.(eofSender); !ok {
		return "this stream has no SendEOF"
	}
	return ""
}

func needClones(p *objectPair) string {
	send, ok1 := cloneOf(p.send)
	recv, ok2 := cloneOf(p.recv)
	if ok1 {
		send.Close(context.Background())
	}
	if ok2 {
		recv.Close(context.Background())
	}
	if !ok1 || !ok2 {
		return "the ends of this stream have no Clone"
	}
	return ""
}
